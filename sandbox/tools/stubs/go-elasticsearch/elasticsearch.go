// Package elasticsearch makes the one call of Elasticsearch's client that Jaeger makes, through Elastic's own transport.
package elasticsearch

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/elastic/elastic-transport-go/v8/elastictransport"

	"github.com/elastic/go-elasticsearch/v9/esapi"
)

// Config has the fields that Jaeger sets.
type Config struct {
	Addresses            []string
	Username             string
	Password             string
	Header               http.Header
	CompressRequestBody  bool
	DiscoverNodesOnStart bool
	Transport            http.RoundTripper
}

// Client sends requests to the nodes in turn.
type Client struct {
	*esapi.API
	transport *elastictransport.Client
}

// NewClient returns a client of the nodes at the addresses. The user in the first address counts more than that of the configuration.
func NewClient(config Config) (*Client, error) {
	nodes := make([]*url.URL, 0, len(config.Addresses))
	for _, address := range config.Addresses {
		node, err := url.Parse(strings.TrimRight(address, "/"))
		if err != nil {
			return nil, fmt.Errorf("cannot create client: %w", err)
		}
		nodes = append(nodes, node)
	}
	if len(nodes) == 0 {
		return nil, errors.New("cannot create client: it has no address")
	}
	if user := nodes[0].User; user != nil {
		config.Username = user.Username()
		config.Password, _ = user.Password()
	}
	transport, err := elastictransport.New(elastictransport.Config{
		URLs:                nodes,
		Username:            config.Username,
		Password:            config.Password,
		Header:              config.Header,
		CompressRequestBody: config.CompressRequestBody,
		Transport:           config.Transport,
	})
	if err != nil {
		return nil, fmt.Errorf("error creating transport: %w", err)
	}
	client := &Client{transport: transport}
	client.API = esapi.New(client)
	if config.DiscoverNodesOnStart {
		go func() { _ = transport.DiscoverNodes() }()
	}
	return client, nil
}

// Perform sends the request; an answer that succeeds has to come from Elasticsearch itself.
func (c *Client) Perform(request *http.Request) (*http.Response, error) {
	response, err := c.transport.Perform(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode/100 == 2 && response.Header.Get("X-Elastic-Product") != "Elasticsearch" {
		response.Body.Close()
		return nil, errors.New("the server is not Elasticsearch: its answer has no header X-Elastic-Product")
	}
	return response, nil
}
