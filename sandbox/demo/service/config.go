package main

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

// peer is something that a service talks to: its name in the catalogue and where it answers.
type peer struct {
	name string
	url  *url.URL
}

// config is everything that one service is told.
type config struct {
	name              string
	port, controlPort int
	metricsPath       string
	latency           time.Duration // typical time of its own work, without its dependencies
	drain             time.Duration // time between SIGTERM and the end of accepting requests
	dependencies      []peer
	datastores        []peer
}

func serviceConfig(env *environment) (config, error) {
	cfg := config{
		name:         env.required("SERVICE_NAME"),
		port:         env.number("PORT", 8080),
		controlPort:  env.number("CONTROL_PORT", 8081),
		metricsPath:  env.text("METRICS_PATH", "/metrics"),
		latency:      env.duration("BASE_LATENCY", 10*time.Millisecond),
		drain:        env.duration("DRAIN", 2*time.Second),
		dependencies: env.peers("DEPENDENCIES"),
		datastores:   env.peers("DATASTORES"),
	}
	if path := env.text("DATASTORE_PASSWORD_FILE", ""); path != "" {
		password := env.file("DATASTORE_PASSWORD_FILE")
		for _, store := range cfg.datastores {
			if store.url.User != nil {
				store.url.User = url.UserPassword(store.url.User.Username(), password)
			}
		}
	}
	return cfg, env.problems()
}

// environment reads settings and gathers what is wrong with them, so that all is reported at once.
type environment struct {
	lookup func(string) (string, bool)
	errs   []error
}

func (e *environment) problems() error { return errors.Join(e.errs...) }

func (e *environment) refuse(name, given, allowed string) {
	e.errs = append(e.errs, fmt.Errorf("%s: %q given, must be %s", name, given, allowed))
}

func (e *environment) text(name, fallback string) string {
	if value, ok := e.lookup(name); ok && value != "" {
		return value
	}
	return fallback
}

func (e *environment) required(name string) string {
	value := e.text(name, "")
	if value == "" {
		e.refuse(name, value, "set")
	}
	return value
}

func (e *environment) number(name string, fallback int) int {
	given := e.text(name, strconv.Itoa(fallback))
	value, err := strconv.Atoi(given)
	if err != nil || value < 0 || value > 65535 {
		e.refuse(name, given, "a port from 0 to 65535")
	}
	return value
}

func (e *environment) rate(name string, fallback float64) float64 {
	given := e.text(name, strconv.FormatFloat(fallback, 'g', -1, 64))
	value, err := strconv.ParseFloat(given, 64)
	if err != nil || !(value > 0 && value <= 1000) {
		e.refuse(name, given, "requests per second, above 0 and at most 1000")
	}
	return value
}

func (e *environment) duration(name string, fallback time.Duration) time.Duration {
	given := e.text(name, fallback.String())
	value, err := time.ParseDuration(given)
	if err != nil || value < 0 {
		e.refuse(name, given, "a duration such as 20ms")
	}
	return value
}

// peers reads "name=url,name=url".
func (e *environment) peers(name string) []peer {
	var found []peer
	for _, entry := range strings.FieldsFunc(e.text(name, ""), func(r rune) bool { return r == ',' }) {
		key, address, _ := strings.Cut(entry, "=")
		target, err := url.Parse(address)
		if err != nil || key == "" || target.Host == "" {
			e.refuse(name, entry, "name=url, separated by commas")
			continue
		}
		found = append(found, peer{key, target})
	}
	return found
}

// file reads the content of the file that the variable names, without the line end.
func (e *environment) file(name string) string {
	path := e.required(name)
	content, err := os.ReadFile(path)
	if err != nil {
		e.refuse(name, path, "a readable file ("+err.Error()+")")
	}
	return strings.TrimRight(string(content), "\r\n")
}
