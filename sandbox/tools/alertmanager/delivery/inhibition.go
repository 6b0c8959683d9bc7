package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/alertmanager/config"
	"github.com/prometheus/alertmanager/inhibit"
	"github.com/prometheus/alertmanager/provider"
	"github.com/prometheus/alertmanager/types"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/model"
)

// inhibited says that a target would not be told while a source fires.
type inhibited struct {
	Rule   string `json:"rule"`
	Source int    `json:"source"`
	Target int    `json:"target"`
}

// inhibitions asks Alertmanager's inhibitor about each rule and each source alone, so that it is known who silences whom.
func inhibitions(rules []config.InhibitRule, sources, targets []model.LabelSet) []inhibited {
	found := []inhibited{}
	for _, rule := range rules {
		matchers := inhibit.NewInhibitRule(rule).SourceMatchers
		for source, labels := range sources {
			if !matchers.Matches(labels) {
				continue // no target can be silenced by it: this only saves time
			}
			for _, target := range silenced(rule, labels, targets) {
				found = append(found, inhibited{rule.Name, source, target})
			}
		}
	}
	return found
}

func silenced(rule config.InhibitRule, source model.LabelSet, targets []model.LabelSet) []int {
	alert := &types.Alert{Alert: model.Alert{Labels: source, StartsAt: time.Now()}, UpdatedAt: time.Now()}
	marker := types.NewMarker(prometheus.NewRegistry())
	inhibitor := inhibit.NewInhibitor(only{alert}, []config.InhibitRule{rule}, marker, slog.New(slog.DiscardHandler))
	go inhibitor.Run()
	inhibitor.WaitForLoading()
	defer inhibitor.Stop()
	var found []int
	for index, labels := range targets {
		if inhibitor.Mutes(context.Background(), labels) {
			found = append(found, index)
		}
	}
	return found
}

// only is a store of alerts with a single one in it that never changes.
type only struct{ alert *types.Alert }

func (o only) SlurpAndSubscribe(string) ([]*types.Alert, provider.AlertIterator) {
	return []*types.Alert{o.alert}, o.Subscribe("")
}

func (only) Subscribe(string) provider.AlertIterator {
	done := make(chan struct{})
	return provider.NewAlertIterator(make(chan *provider.Alert), done, nil)
}

func (o only) GetPending() provider.AlertIterator { return o.Subscribe("") }

func (o only) Get(model.Fingerprint) (*types.Alert, error) { return o.alert, nil }

func (only) Put(context.Context, ...*types.Alert) error { return nil }
