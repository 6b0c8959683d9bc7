// Package render makes YAML of the model.
package render

import (
	"fmt"
	"iter"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Inner is something that stands for another value.
type Inner interface {
	Inner() any
}

type entries interface {
	Entries() iter.Seq2[any, any]
}

// Node returns the YAML of a value; nil for a value that is not written. Of a struct those fields are written that have a key in their
// tag `yaml` and are not empty, or have the option `always`; a field with the option `inline` adds its entries to the struct's, and of a
// list with the option `single` its item is written when it has one alone.
func Node(value any) (*yaml.Node, error) {
	switch known := value.(type) {
	case *yaml.Node:
		if known != nil && known.Kind == yaml.DocumentNode {
			return known.Content[0], nil
		}
		return known, nil
	case Inner:
		if reflect.ValueOf(value).IsNil() {
			return nil, nil
		}
		return Node(known.Inner())
	case entries:
		if reflect.ValueOf(value).IsNil() {
			return nil, nil
		}
		return mapping(known)
	}
	reflected := reflect.ValueOf(value)
	switch reflected.Kind() {
	case reflect.Pointer:
		if reflected.IsNil() {
			return nil, nil
		}
		return Node(reflected.Elem().Interface())
	case reflect.Struct:
		return structure(reflected)
	case reflect.Slice:
		return sequence(reflected)
	default:
		node := &yaml.Node{}
		return node, node.Encode(value)
	}
}

func mapping(of entries) (*yaml.Node, error) {
	node := &yaml.Node{Kind: yaml.MappingNode}
	for key, value := range of.Entries() {
		if err := add(node, fmt.Sprint(key), value); err != nil {
			return nil, err
		}
	}
	return node, nil
}

func structure(of reflect.Value) (*yaml.Node, error) {
	node := &yaml.Node{Kind: yaml.MappingNode}
	for index := range of.NumField() {
		key, option, _ := strings.Cut(of.Type().Field(index).Tag.Get("yaml"), ",")
		field := of.Field(index)
		switch {
		case option == "inline":
			inner, err := Node(field.Interface())
			if err != nil {
				return nil, err
			}
			if inner != nil {
				node.Content = append(node.Content, inner.Content...)
			}
		case option == "single" && field.Len() == 1:
			if err := add(node, key, field.Index(0).Interface()); err != nil {
				return nil, err
			}
		case key != "" && (!field.IsZero() || option == "always"):
			if err := add(node, key, field.Interface()); err != nil {
				return nil, err
			}
		}
	}
	return node, nil
}

func sequence(of reflect.Value) (*yaml.Node, error) {
	node := &yaml.Node{Kind: yaml.SequenceNode}
	for index := range of.Len() {
		item, err := Node(of.Index(index).Interface())
		if err != nil {
			return nil, err
		}
		node.Content = append(node.Content, item)
	}
	return node, nil
}

func add(to *yaml.Node, key string, value any) error {
	inner, err := Node(value)
	if err != nil || inner == nil {
		return err
	}
	name := &yaml.Node{}
	if err := name.Encode(key); err != nil { // quotes what would not be read as a string
		return err
	}
	to.Content = append(to.Content, name, inner)
	return nil
}
