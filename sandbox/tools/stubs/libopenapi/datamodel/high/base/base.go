// Package base has the parts of an OpenAPI document that all its versions have.
package base

import (
	"errors"

	"go.yaml.in/yaml/v4"

	"github.com/pb33f/libopenapi/orderedmap"
)

// Info describes the interface.
type Info struct {
	Title       string   `yaml:"title"`
	Description string   `yaml:"description"`
	Contact     *Contact `yaml:"contact"`
	Version     string   `yaml:"version"`
}

// Contact says who keeps the interface.
type Contact struct {
	Name string `yaml:"name"`
	URL  string `yaml:"url"`
}

// Tag groups operations.
type Tag struct {
	Name        string `yaml:"name"`
	Summary     string `yaml:"summary"`
	Description string `yaml:"description"`
}

// Example is a value as it may occur.
type Example struct {
	Summary     string     `yaml:"summary"`
	Description string     `yaml:"description"`
	Value       *yaml.Node `yaml:"value"`
}

// Discriminator tells the variants of a schema apart.
type Discriminator struct {
	PropertyName string                          `yaml:"propertyName"`
	Mapping      *orderedmap.Map[string, string] `yaml:"mapping"`
}

// Schema describes a value.
type Schema struct {
	Type                 []string                              `yaml:"type,single"`
	AllOf                []*SchemaProxy                        `yaml:"allOf"`
	OneOf                []*SchemaProxy                        `yaml:"oneOf"`
	AnyOf                []*SchemaProxy                        `yaml:"anyOf"`
	Discriminator        *Discriminator                        `yaml:"discriminator"`
	PrefixItems          []*SchemaProxy                        `yaml:"prefixItems"`
	Items                *DynamicValue[*SchemaProxy, bool]     `yaml:"items"`
	ContentSchema        *SchemaProxy                          `yaml:"contentSchema"`
	Properties           *orderedmap.Map[string, *SchemaProxy] `yaml:"properties"`
	Title                string                                `yaml:"title"`
	MultipleOf           *float64                              `yaml:"multipleOf"`
	Maximum              *float64                              `yaml:"maximum"`
	Minimum              *float64                              `yaml:"minimum"`
	MaxLength            *int64                                `yaml:"maxLength"`
	MinLength            *int64                                `yaml:"minLength"`
	Pattern              string                                `yaml:"pattern"`
	Format               string                                `yaml:"format"`
	MaxItems             *int64                                `yaml:"maxItems"`
	MinItems             *int64                                `yaml:"minItems"`
	Required             []string                              `yaml:"required"`
	Enum                 []*yaml.Node                          `yaml:"enum"`
	AdditionalProperties *DynamicValue[*SchemaProxy, bool]     `yaml:"additionalProperties"`
	Description          string                                `yaml:"description"`
	ContentMediaType     string                                `yaml:"contentMediaType"`
	Default              *yaml.Node                            `yaml:"default"`
	Nullable             *bool                                 `yaml:"nullable"`
	ReadOnly             *bool                                 `yaml:"readOnly"`
	WriteOnly            *bool                                 `yaml:"writeOnly"`
	Example              *yaml.Node                            `yaml:"example"`
	Deprecated           *bool                                 `yaml:"deprecated"`
	Extensions           *orderedmap.Map[string, *yaml.Node]
}

// Low would be what a schema was read from.
type Low struct{}

// Hash returns 0: nothing was read.
func (*Low) Hash() uint64 { return 0 }

// GoLow returns nil: no schema is read from a document.
func (*Schema) GoLow() *Low { return nil }

// MarshalJSONInline is not there.
func (*Schema) MarshalJSONInline() ([]byte, error) {
	return nil, errors.New("this build writes no schemas as JSON")
}

// SchemaProxy is a schema or a reference to one.
type SchemaProxy struct {
	schema    *Schema
	reference string
}

type reference struct {
	Path string `yaml:"$ref"`
}

// CreateSchemaProxy returns the schema as a proxy.
func CreateSchemaProxy(schema *Schema) *SchemaProxy { return &SchemaProxy{schema: schema} }

// CreateSchemaProxyRef returns a reference to the schema at the path.
func CreateSchemaProxyRef(path string) *SchemaProxy { return &SchemaProxy{reference: path} }

// Schema returns the schema; nil when the proxy is a reference.
func (p *SchemaProxy) Schema() *Schema { return p.schema }

// Inner returns what is written.
func (p *SchemaProxy) Inner() any {
	if p.reference != "" {
		return reference{Path: p.reference}
	}
	return p.schema
}

// DynamicValue is of one of two types: N is 0 or 1.
type DynamicValue[A any, B any] struct {
	N int
	A A
	B B
}

// IsA tells whether the value is A.
func (d *DynamicValue[A, B]) IsA() bool { return d.N == 0 }

// Inner returns what is written.
func (d *DynamicValue[A, B]) Inner() any {
	if d.IsA() {
		return d.A
	}
	return d.B
}
