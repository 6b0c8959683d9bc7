// Placeholder stands where an image cannot be had: it answers every path, probes included, with a page that says what it is not.
package main

import (
	"context"
	"errors"
	"fmt"
	"html"
	"log"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

func main() {
	image, ports := os.Getenv("PLACEHOLDER_IMAGE"), strings.Fields(os.Getenv("PLACEHOLDER_PORTS"))
	if image == "" || len(ports) == 0 {
		log.Fatal("PLACEHOLDER_IMAGE and PLACEHOLDER_PORTS have to be set: they are part of the image")
	}
	ended, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	for _, port := range ports {
		server := &http.Server{Addr: ":" + port, Handler: handler(image), ReadHeaderTimeout: 10 * time.Second}
		go func() {
			if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
				log.Fatal(err)
			}
		}()
		defer server.Close()
	}
	log.Printf("placeholder for %s on ports %s", image, strings.Join(ports, ", "))
	<-ended.Done()
}

// handler answers /metrics with one series that tells a placeholder from the real thing, and all else with the page.
func handler(image string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/metrics", func(answer http.ResponseWriter, _ *http.Request) {
		answer.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		fmt.Fprintf(answer, "# HELP sandbox_placeholder A placeholder runs in place of this image.\n# TYPE sandbox_placeholder gauge\nsandbox_placeholder{image=%q} 1\n", image)
	})
	mux.HandleFunc("/", func(answer http.ResponseWriter, _ *http.Request) {
		answer.Header().Set("Content-Type", "text/html; charset=utf-8")
		answer.Header().Set("X-Sandbox-Placeholder", image)
		fmt.Fprintf(answer, page, html.EscapeString(image))
	})
	return mux
}

const page = `<!doctype html>
<title>Placeholder</title>
<h1>This is a placeholder</h1>
<p>The image <code>%s</code> could not be had: no container registry was reachable from this machine and it cannot be built from packages.
This page answers in its place so that everything around it can run. Nothing you see here is the real program.</p>
`
