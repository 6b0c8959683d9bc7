// Package azure takes the place of Prometheus' own: this build has no service discovery in Azure.
package azure

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/prometheus/prometheus/discovery"
)

var errLeftOut = errors.New("this build has no azure_sd_configs: discovery in Azure is left out")

// SDConfig is refused as soon as a configuration has one.
type SDConfig struct{}

// UnmarshalYAML refuses the configuration.
func (*SDConfig) UnmarshalYAML(func(any) error) error { return errLeftOut }

// Name returns the name of the mechanism.
func (*SDConfig) Name() string { return "azure" }

// NewDiscoverer refuses a configuration that was not read from YAML.
func (*SDConfig) NewDiscoverer(discovery.DiscovererOptions) (discovery.Discoverer, error) {
	return nil, errLeftOut
}

// NewDiscovererMetrics returns metrics that hold nothing.
func (*SDConfig) NewDiscovererMetrics(prometheus.Registerer, discovery.RefreshMetricsInstantiator) discovery.DiscovererMetrics {
	return &discovery.NoopDiscovererMetrics{}
}
