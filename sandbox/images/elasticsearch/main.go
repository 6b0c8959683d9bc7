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

// announce opens the port that says that the node is ready, once it is.
func announce(ended context.Context, port string) {
	client := &http.Client{Timeout: 5 * time.Second}
	for ended.Err() == nil {
		answer, err := client.Get("http://" + inner + "/_cluster/health")
		if err == nil {
			answer.Body.Close()
		}
		if err == nil && answer.StatusCode == http.StatusOK {
			break
		}
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
