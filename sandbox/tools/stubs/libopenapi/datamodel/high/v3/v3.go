// Package v3 has the parts of an OpenAPI document of version 3.
package v3

import (
	"go.yaml.in/yaml/v4"

	"github.com/pb33f/libopenapi/datamodel/high/base"
	"github.com/pb33f/libopenapi/internal/render"
	"github.com/pb33f/libopenapi/orderedmap"
)

// Document is the whole.
type Document struct {
	Version    string      `yaml:"openapi"`
	Info       *base.Info  `yaml:"info"`
	Servers    []*Server   `yaml:"servers"`
	Paths      *Paths      `yaml:"paths"`
	Components *Components `yaml:"components"`
	Tags       []*base.Tag `yaml:"tags"`
}

// Render returns the document as YAML.
func (d *Document) Render() ([]byte, error) {
	node, err := render.Node(d)
	if err != nil {
		return nil, err
	}
	return yaml.Marshal(node)
}

// Server is an address of the interface.
type Server struct {
	URL         string `yaml:"url"`
	Description string `yaml:"description"`
}

// Paths are all paths.
type Paths struct {
	PathItems *orderedmap.Map[string, *PathItem] `yaml:",inline"`
}

// PathItem has the operations of a path.
type PathItem struct {
	Description string       `yaml:"description"`
	Summary     string       `yaml:"summary"`
	Get         *Operation   `yaml:"get"`
	Put         *Operation   `yaml:"put"`
	Post        *Operation   `yaml:"post"`
	Delete      *Operation   `yaml:"delete"`
	Options     *Operation   `yaml:"options"`
	Head        *Operation   `yaml:"head"`
	Patch       *Operation   `yaml:"patch"`
	Parameters  []*Parameter `yaml:"parameters"`
}

// Operation is a method of a path.
type Operation struct {
	Tags        []string     `yaml:"tags"`
	Summary     string       `yaml:"summary"`
	Description string       `yaml:"description"`
	OperationId string       `yaml:"operationId"` // the name is libopenapi's
	Parameters  []*Parameter `yaml:"parameters"`
	RequestBody *RequestBody `yaml:"requestBody"`
	Responses   *Responses   `yaml:"responses"`
	Deprecated  *bool        `yaml:"deprecated"`
	Extensions  *orderedmap.Map[string, *yaml.Node]
}

// Parameter is a parameter of an operation.
type Parameter struct {
	Name        string                                 `yaml:"name"`
	In          string                                 `yaml:"in"`
	Description string                                 `yaml:"description"`
	Required    *bool                                  `yaml:"required"`
	Explode     *bool                                  `yaml:"explode"`
	Schema      *base.SchemaProxy                      `yaml:"schema"`
	Example     *yaml.Node                             `yaml:"example"`
	Examples    *orderedmap.Map[string, *base.Example] `yaml:"examples"`
}

// RequestBody is what an operation is sent.
type RequestBody struct {
	Description string                              `yaml:"description"`
	Content     *orderedmap.Map[string, *MediaType] `yaml:"content"`
	Required    *bool                               `yaml:"required"`
}

// Responses are the answers of an operation by their status.
type Responses struct {
	Codes   *orderedmap.Map[string, *Response] `yaml:",inline"`
	Default *Response                          `yaml:"default"`
}

// Response is one of them.
type Response struct {
	Summary     string                              `yaml:"summary"`
	Description string                              `yaml:"description,always"`
	Content     *orderedmap.Map[string, *MediaType] `yaml:"content"`
}

// MediaType is a form of what is sent or answered.
type MediaType struct {
	Schema     *base.SchemaProxy                      `yaml:"schema"`
	ItemSchema *base.SchemaProxy                      `yaml:"itemSchema"`
	Example    *yaml.Node                             `yaml:"example"`
	Examples   *orderedmap.Map[string, *base.Example] `yaml:"examples"`
}

// Components are what references lead to.
type Components struct {
	Schemas *orderedmap.Map[string, *base.SchemaProxy] `yaml:"schemas"`
}
