// Package orderedmap has maps that remember the order in which their keys were set.
package orderedmap

import (
	"iter"
	"slices"
)

// Map is such a map. A nil one is empty.
type Map[K comparable, V any] struct {
	keys   []K
	values map[K]V
}

// Pair is a place in a map.
type Pair[K comparable, V any] struct {
	of    *Map[K, V]
	index int
}

// New returns an empty map.
func New[K comparable, V any]() *Map[K, V] {
	return &Map[K, V]{values: map[K]V{}}
}

// Len returns the number of keys.
func Len[K comparable, V any](m *Map[K, V]) int {
	if m == nil {
		return 0
	}
	return len(m.keys)
}

// Set adds a key at the end or changes the value of one that is there.
func (m *Map[K, V]) Set(key K, value V) {
	if _, known := m.values[key]; !known {
		m.keys = append(m.keys, key)
	}
	m.values[key] = value
}

// Get returns the value of a key and whether there is one.
func (m *Map[K, V]) Get(key K) (V, bool) {
	if m == nil {
		var none V
		return none, false
	}
	value, known := m.values[key]
	return value, known
}

// GetOrZero returns the value of a key; the zero value when there is none.
func (m *Map[K, V]) GetOrZero(key K) V {
	value, _ := m.Get(key)
	return value
}

// Delete removes a key.
func (m *Map[K, V]) Delete(key K) {
	delete(m.values, key)
	m.keys = slices.DeleteFunc(m.keys, func(other K) bool { return other == key })
}

// First returns the place of the first key; nil when the map is empty.
func (m *Map[K, V]) First() *Pair[K, V] {
	return m.at(0)
}

// FromOldest goes through keys and values in their order.
func (m *Map[K, V]) FromOldest() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		for pair := m.First(); pair != nil && yield(pair.Key(), pair.Value()); {
			pair = pair.Next()
		}
	}
}

// KeysFromOldest goes through the keys in their order.
func (m *Map[K, V]) KeysFromOldest() iter.Seq[K] {
	return func(yield func(K) bool) {
		for key := range m.FromOldest() {
			if !yield(key) {
				return
			}
		}
	}
}

// Entries goes through the map without its types.
func (m *Map[K, V]) Entries() iter.Seq2[any, any] {
	return func(yield func(any, any) bool) {
		for key, value := range m.FromOldest() {
			if !yield(key, value) {
				return
			}
		}
	}
}

func (m *Map[K, V]) at(index int) *Pair[K, V] {
	if m == nil || index >= len(m.keys) {
		return nil
	}
	return &Pair[K, V]{of: m, index: index}
}

// Key returns the key at the place.
func (p *Pair[K, V]) Key() K { return p.of.keys[p.index] }

// Value returns the value at the place.
func (p *Pair[K, V]) Value() V { return p.of.values[p.Key()] }

// Next returns the following place; nil at the end.
func (p *Pair[K, V]) Next() *Pair[K, V] { return p.of.at(p.index + 1) }
