// Package esapi is the part of Elasticsearch's interface that Jaeger uses.
package esapi

import (
	"fmt"
	"io"
	"net/http"
)

// Transport sends a request whose address is completed with that of a node.
type Transport interface {
	Perform(*http.Request) (*http.Response, error)
}

// API groups the calls.
type API struct {
	Indices *Indices
}

// Indices has the calls about indices.
type Indices struct {
	transport Transport
}

// Response is the answer to a call.
type Response struct {
	StatusCode int
	Header     http.Header
	Body       io.ReadCloser
}

// New returns the calls, made through the transport.
func New(transport Transport) *API {
	return &API{Indices: &Indices{transport: transport}}
}

// PutIndexTemplate creates or changes the template of indices with this name.
func (i *Indices) PutIndexTemplate(name string, body io.Reader) (*Response, error) {
	request, err := http.NewRequest(http.MethodPut, "/_index_template/"+name, body)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := i.transport.Perform(request)
	if err != nil {
		return nil, err
	}
	return &Response{StatusCode: answer.StatusCode, Header: answer.Header, Body: answer.Body}, nil
}

// String returns the status and the body, which is read to its end.
func (r *Response) String() string {
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return fmt.Sprintf("[%d %s] the body cannot be read: %v", r.StatusCode, http.StatusText(r.StatusCode), err)
	}
	return fmt.Sprintf("[%d %s] %s", r.StatusCode, http.StatusText(r.StatusCode), body)
}
