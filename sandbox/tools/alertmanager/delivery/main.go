// Command delivery answers what an Alertmanager with a given configuration would do, with Alertmanager's own packages:
// to which receivers it would send an alert, how soon, at which times not, what would silence it, and how the messages would read.
// It reads one question as JSON on standard input and writes one answer as JSON; it sends nothing anywhere.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/prometheus/alertmanager/config"
	"github.com/prometheus/alertmanager/dispatch"
	"github.com/prometheus/alertmanager/featurecontrol"
	"github.com/prometheus/alertmanager/matcher/compat"
	"github.com/prometheus/alertmanager/timeinterval"
	"github.com/prometheus/common/model"
	"github.com/prometheus/common/version"
)

// question is what is asked about one configuration.
type question struct {
	Config   string           `json:"config"`   // path of alertmanager.yml; its templates are found beside it
	Alerts   []model.LabelSet `json:"alerts"`   // label sets to be routed
	Times    []time.Time      `json:"times"`    // instants at which a route may or may not send
	Sources  []model.LabelSet `json:"sources"`  // alerts that fire, each alone
	Targets  []model.LabelSet `json:"targets"`  // alerts that may be silenced by them
	Messages []group          `json:"messages"` // groups of alerts to be written as messages
}

// answer has one entry for each entry of the question.
type answer struct {
	Routes     []route     `json:"routes"`     // all routes that took an alert
	Deliveries [][]int     `json:"deliveries"` // by alert: the routes, as indices into Routes
	Inhibited  []inhibited `json:"inhibited"`  // all pairs of Sources and Targets of which one silences the other
	Messages   []message   `json:"messages"`
}

// route is a place in the tree: what it does with the alerts that end there.
type route struct {
	ID             string   `json:"id"`
	Receiver       string   `json:"receiver"`
	GroupBy        []string `json:"groupBy"`
	GroupWait      float64  `json:"groupWait"` // seconds, as all of these
	GroupInterval  float64  `json:"groupInterval"`
	RepeatInterval float64  `json:"repeatInterval"`
	Muted          []bool   `json:"muted"` // by instant: whether it may not send
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == "--version" {
		fmt.Println("delivery, with the packages of alertmanager", version.Version)
		return
	}
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "delivery:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer) error {
	strict, err := featurecontrol.NewFlags(slog.New(slog.DiscardHandler), featurecontrol.FeatureUTF8StrictMode)
	if err != nil {
		return err
	}
	compat.InitFromFlags(slog.New(slog.DiscardHandler), strict) // as our Alertmanagers are started
	var asked question
	decoder := json.NewDecoder(in)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&asked); err != nil {
		return fmt.Errorf("the question: %w", err)
	}
	loaded, err := config.LoadFile(asked.Config)
	if err != nil {
		return err
	}
	found := answer{Routes: []route{}, Deliveries: [][]int{}}
	if err := found.deliver(loaded, asked.Alerts, asked.Times); err != nil {
		return err
	}
	found.Inhibited = inhibitions(loaded.InhibitRules, asked.Sources, asked.Targets)
	if found.Messages, err = messages(loaded, asked.Config, asked.Messages); err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(found)
}

// deliver notes where each alert ends.
func (a *answer) deliver(loaded *config.Config, alerts []model.LabelSet, times []time.Time) error {
	root, intervals := dispatch.NewRoute(loaded.Route, nil), intervener(loaded)
	known := map[*dispatch.Route]int{}
	for _, alert := range alerts {
		taken := []int{}
		for _, place := range root.Match(alert) {
			index, seen := known[place]
			if !seen {
				index = len(a.Routes)
				known[place] = index
				described, err := describe(place, intervals, times)
				if err != nil {
					return err
				}
				a.Routes = append(a.Routes, described)
			}
			taken = append(taken, index)
		}
		a.Deliveries = append(a.Deliveries, taken)
	}
	return nil
}

func describe(place *dispatch.Route, intervals *timeinterval.Intervener, times []time.Time) (route, error) {
	options := &place.RouteOpts
	described := route{
		ID:             place.ID(),
		Receiver:       options.Receiver,
		GroupBy:        []string{},
		GroupWait:      options.GroupWait.Seconds(),
		GroupInterval:  options.GroupInterval.Seconds(),
		RepeatInterval: options.RepeatInterval.Seconds(),
		Muted:          []bool{},
	}
	for label := range options.GroupBy {
		described.GroupBy = append(described.GroupBy, string(label))
	}
	for _, now := range times {
		muted, _, err := intervals.Mutes(options.MuteTimeIntervals, now)
		if err != nil {
			return route{}, err
		}
		if len(options.ActiveTimeIntervals) > 0 { // none named: always active, as in notify.TimeActiveStage
			active, _, err := intervals.Mutes(options.ActiveTimeIntervals, now)
			if err != nil {
				return route{}, err
			}
			muted = muted || !active
		}
		described.Muted = append(described.Muted, muted)
	}
	return described, nil
}

func intervener(loaded *config.Config) *timeinterval.Intervener {
	intervals := map[string][]timeinterval.TimeInterval{}
	for _, named := range loaded.MuteTimeIntervals {
		intervals[named.Name] = named.TimeIntervals
	}
	for _, named := range loaded.TimeIntervals {
		intervals[named.Name] = named.TimeIntervals
	}
	return timeinterval.NewIntervener(intervals)
}
