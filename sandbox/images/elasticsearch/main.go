// Command elasticsearch stands where Elasticsearch cannot be had. It starts OpenSearch, which answers the same requests, and puts before it
// what OpenSearch lacks here: TLS with the certificate of the configuration, and the password of the keystore. Called
// elasticsearch-keystore it keeps that password. What the manifests give the real one is read from the same places.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const (
	home = "/usr/share/elasticsearch"
	// Where OpenSearch itself listens: for this pod alone.
	inner = "127.0.0.1:9241"
)

func main() {
	log.SetFlags(0)
	var err error
	if filepath.Base(os.Args[0]) == "elasticsearch-keystore" {
		err = keystoreCommand(os.Getenv("ES_PATH_CONF"), os.Args[1:], os.Stdin)
	} else {
		err = serve(os.Getenv("ES_PATH_CONF"))
	}
	if err != nil {
		log.Fatalf("stand-in for Elasticsearch: %v", err)
	}
}

// serve runs OpenSearch and the proxy before it until it is told to stop, or until OpenSearch ends by itself.
func serve(folder string) error {
	settings, err := readSettings(folder)
	if err != nil {
		return err
	}
	ended, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	program := openSearch(settings["path.data"])
	if err := program.Start(); err != nil {
		return err
	}
	gone := make(chan error, 1)
	go func() { gone <- program.Wait() }()
	front, err := newFront(folder, settings)
	if err != nil {
		_ = program.Process.Kill()
		return err
	}
	defer front.Close()
	go func() { gone <- front.ListenAndServeTLS("", "") }()
	go announce(ended, settings["readiness.port"])
	log.Printf("stand-in for Elasticsearch: OpenSearch behind TLS and a password")
	select {
	case err := <-gone:
		return fmt.Errorf("ended by itself: %w", err)
	case <-ended.Done():
		_ = program.Process.Signal(syscall.SIGTERM)
		<-gone
		return nil
	}
}

// openSearch is the command that runs one node, with the heap that Elasticsearch would get.
func openSearch(data string) *exec.Cmd {
	arguments := append(strings.Fields(os.Getenv("ES_JAVA_OPTS")), "-cp", home+"/lib/*", "org.codelibs.opensearch.runner.OpenSearchRunner",
		"-numOfNode", "1", "-baseHttpPort", "9240", "-basePath", filepath.Join(data, "opensearch"))
	command := exec.Command(home+"/jdk/bin/java", arguments...)
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	command.Dir = data
	return command
}

// watermarks say in bytes when a disk is full. OpenSearch says it in percent: on a big disk that others fill, it would stop with much left.
// Elasticsearch caps its percentages for the same reason (max_headroom, since 8.5).
const watermarks = `{"persistent": {"cluster.routing.allocation.disk.watermark": {"low": "3gb", "high": "2gb", "flood_stage": "1gb"}}}`

// accepts says whether the node takes the watermarks, which it does once it is ready.
func accepts(client *http.Client) bool {
	request, err := http.NewRequest(http.MethodPut, "http://"+inner+"/_cluster/settings", strings.NewReader(watermarks))
	if err != nil {
		log.Fatalf("watermarks: %v", err)
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := client.Do(request)
	if err != nil {
		return false
	}
	defer answer.Body.Close()
	return answer.StatusCode == http.StatusOK
}

// announce opens the port that says that the node is ready, once it is.
func announce(ended context.Context, port string) {
	client := &http.Client{Timeout: 30 * time.Second}
	for ended.Err() == nil && !accepts(client) {
		time.Sleep(500 * time.Millisecond)
	}
	listener, err := net.Listen("tcp", ":"+port)
	if err != nil {
		log.Fatalf("readiness: %v", err)
	}
	log.Print("ready")
	for {
		connection, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			connection.Close()
		}
	}
}
