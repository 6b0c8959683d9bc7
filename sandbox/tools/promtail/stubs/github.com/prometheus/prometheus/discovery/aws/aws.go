// Package aws takes the place of Prometheus' own: this build has no service discovery in AWS EC2.
package aws

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/prometheus/prometheus/discovery"
)

var errLeftOut = errors.New("this build has no ec2_sd_configs: discovery in AWS EC2 is left out")

// EC2SDConfig is refused as soon as a configuration has one.
type EC2SDConfig struct{}

// UnmarshalYAML refuses the configuration.
func (*EC2SDConfig) UnmarshalYAML(func(any) error) error { return errLeftOut }

// Name returns the name of the mechanism.
func (*EC2SDConfig) Name() string { return "ec2" }

// NewDiscoverer refuses a configuration that was not read from YAML.
func (*EC2SDConfig) NewDiscoverer(discovery.DiscovererOptions) (discovery.Discoverer, error) {
	return nil, errLeftOut
}

// NewDiscovererMetrics returns metrics that hold nothing.
func (*EC2SDConfig) NewDiscovererMetrics(prometheus.Registerer, discovery.RefreshMetricsInstantiator) discovery.DiscovererMetrics {
	return &discovery.NoopDiscovererMetrics{}
}
