// Package libopenapi reads OpenAPI documents; this one does not.
package libopenapi

import (
	"errors"

	v3 "github.com/pb33f/libopenapi/datamodel/high/v3"
)

// Document would be one that was read.
type Document struct{}

// DocumentModel is a document as a program uses it.
type DocumentModel[T any] struct {
	Model T
}

// NewDocument refuses to read a document.
func NewDocument([]byte) (*Document, error) {
	return nil, errors.New("this build reads no OpenAPI documents: libopenapi is left out")
}

// BuildV3Model is never called, since there is no document.
func (*Document) BuildV3Model() (*DocumentModel[v3.Document], error) {
	return nil, errors.New("there is no document")
}
