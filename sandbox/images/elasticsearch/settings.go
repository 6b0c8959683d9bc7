package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// needed are the settings that the stand-in reads; a configuration without them is refused, as the real one would start differently.
var needed = []string{"path.data", "readiness.port", "xpack.security.http.ssl.certificate", "xpack.security.http.ssl.key"}

// readSettings reads elasticsearch.yml as far as it is of "key: value" lines, which is all that the stand-in looks at.
func readSettings(folder string) (map[string]string, error) {
	content, err := os.ReadFile(filepath.Join(folder, "elasticsearch.yml"))
	if err != nil {
		return nil, err
	}
	settings := map[string]string{}
	for line := range strings.Lines(string(content)) {
		if key, value, found := strings.Cut(line, ":"); found {
			settings[strings.TrimSpace(key)] = strings.Trim(strings.TrimSpace(value), `"'`)
		}
	}
	for _, key := range needed {
		if settings[key] == "" {
			return nil, fmt.Errorf("elasticsearch.yml has no %s", key)
		}
	}
	if settings["discovery.type"] != "single-node" {
		return nil, errors.New("the stand-in is one node; discovery.type must be single-node")
	}
	if settings["xpack.security.enabled"] != "true" {
		return nil, errors.New("xpack.security.enabled must be true")
	}
	return settings, nil
}

// keystoreCommand does what the start script asks of elasticsearch-keystore: create, and add --stdin --force NAME.
func keystoreCommand(folder string, arguments []string, in io.Reader) error {
	path := filepath.Join(folder, "elasticsearch.keystore")
	switch {
	case slices.Equal(arguments, []string{"create"}):
		return os.WriteFile(path, []byte("{}"), 0o600)
	case len(arguments) == 4 && slices.Equal(arguments[:3], []string{"add", "--stdin", "--force"}):
		values, err := readKeystore(path)
		if err != nil {
			return err
		}
		value, err := bufio.NewReader(in).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		values[arguments[3]] = strings.TrimRight(value, "\r\n")
		content, err := json.Marshal(values)
		if err != nil {
			return err
		}
		return os.WriteFile(path, content, 0o600)
	}
	return fmt.Errorf("elasticsearch-keystore: the stand-in knows create and add --stdin --force NAME, not %q", arguments)
}

// keystoreValue is a value of the keystore, which must be there.
func keystoreValue(folder, name string) (string, error) {
	values, err := readKeystore(filepath.Join(folder, "elasticsearch.keystore"))
	if err != nil {
		return "", err
	}
	if values[name] == "" {
		return "", fmt.Errorf("the keystore has no %s", name)
	}
	return values[name], nil
}

func readKeystore(path string) (map[string]string, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	values := map[string]string{}
	return values, json.Unmarshal(content, &values)
}
