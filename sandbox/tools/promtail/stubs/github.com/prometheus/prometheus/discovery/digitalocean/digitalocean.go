// Package digitalocean takes the place of Prometheus' own: this build has no service discovery in DigitalOcean.
package digitalocean

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/prometheus/prometheus/discovery"
)

var errLeftOut = errors.New("this build has no digitalocean_sd_configs: discovery in DigitalOcean is left out")

// SDConfig is refused as soon as a configuration has one.
type SDConfig struct{}

// UnmarshalYAML refuses the configuration.
func (*SDConfig) UnmarshalYAML(func(any) error) error { return errLeftOut }

// Name returns the name of the mechanism.
func (*SDConfig) Name() string { return "digitalocean" }

// NewDiscoverer refuses a configuration that was not read from YAML.
func (*SDConfig) NewDiscoverer(discovery.DiscovererOptions) (discovery.Discoverer, error) {
	return nil, errLeftOut
}

// NewDiscovererMetrics returns metrics that hold nothing.
func (*SDConfig) NewDiscovererMetrics(prometheus.Registerer, discovery.RefreshMetricsInstantiator) discovery.DiscovererMetrics {
	return &discovery.NoopDiscovererMetrics{}
}
