package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestSettingsAreRead(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(secret, []byte("se cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := serviceConfig(environmentOf(map[string]string{
		"SERVICE_NAME": "auth", "PORT": "3008", "BASE_LATENCY": "20ms", "DEPENDENCIES": "a=http://a:1,b=http://b:2",
		"DATASTORES": "redis=redis://default@redis:6379", "DATASTORE_PASSWORD_FILE": secret}))
	if err != nil {
		t.Fatal(err)
	}
	if cfg.port != 3008 || cfg.latency != 20*time.Millisecond || len(cfg.dependencies) != 2 || cfg.dependencies[1].url.Host != "b:2" {
		t.Errorf("%+v", cfg)
	}
	if password, _ := cfg.datastores[0].url.User.Password(); password != "se cret" {
		t.Errorf("password %q", password)
	}
}

func TestAllBadSettingsAreNamedAtOnce(t *testing.T) {
	_, err := serviceConfig(environmentOf(map[string]string{"PORT": "http", "BASE_LATENCY": "20", "DEPENDENCIES": "auth",
		"DATASTORE_PASSWORD_FILE": "/no/such/file"}))
	if err == nil {
		t.Fatal("accepted")
	}
	wantContains(t, err.Error(), `SERVICE_NAME: "" given, must be set`, `PORT: "http" given, must be a port`,
		`BASE_LATENCY: "20" given, must be a duration`, `DEPENDENCIES: "auth" given, must be name=url`, `DATASTORE_PASSWORD_FILE: "/no/such/file" given`)
}
