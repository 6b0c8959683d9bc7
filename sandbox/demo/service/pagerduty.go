package main

import (
	"errors"
	"regexp"
	"slices"
	"unicode/utf8"
)

// page is an event of PagerDuty's Events API v2, with the fields and limits of its reference
// (developer.pagerduty.com: "Send an Alert Event").
type page struct {
	RoutingKey  string       `json:"routing_key"`
	EventAction string       `json:"event_action"`
	DedupKey    string       `json:"dedup_key"`
	Client      string       `json:"client"`
	ClientURL   string       `json:"client_url"`
	Links       []pageLink   `json:"links"`
	Payload     *pagePayload `json:"payload"`
}

type pageLink struct {
	Href string `json:"href"`
	Text string `json:"text"`
}

type pagePayload struct {
	Summary       string         `json:"summary"`
	Source        string         `json:"source"`
	Severity      string         `json:"severity"`
	Class         string         `json:"class"`
	Component     string         `json:"component"`
	Group         string         `json:"group"`
	CustomDetails map[string]any `json:"custom_details"`
}

var routingKey = regexp.MustCompile(`^[0-9a-zA-Z]{32}$`)

func (p page) validate() error {
	var wrong problems
	wrong.unless(routingKey.MatchString(p.RoutingKey), "routing_key: must have 32 letters and digits")
	wrong.unless(slices.Contains([]string{"trigger", "acknowledge", "resolve"}, p.EventAction), "event_action: %q given", p.EventAction)
	wrong.unless(p.DedupKey != "" && len(p.DedupKey) <= 255, "dedup_key: must have 1 to 255 characters")
	for _, link := range p.Links {
		wrong.unless(isAddress(link.Href), "links.href: %q is no web address", link.Href)
		wrong.unless(link.Text != "", "links.text: missing")
	}
	if p.Payload == nil {
		wrong.unless(p.EventAction == "resolve", "payload: missing")
		return errors.Join(wrong...)
	}
	summary := utf8.RuneCountInString(p.Payload.Summary)
	wrong.unless(summary > 0 && summary <= 1024, "payload.summary: must have 1 to 1024 characters")
	wrong.unless(p.Payload.Source != "", "payload.source: missing")
	wrong.unless(slices.Contains([]string{"critical", "warning", "error", "info"}, p.Payload.Severity), "payload.severity: %q given", p.Payload.Severity)
	for name, value := range p.Payload.CustomDetails {
		switch value.(type) {
		case map[string]any, []any:
			wrong.unless(false, "payload.custom_details.%s: a text was read as a structure", name)
		}
	}
	return errors.Join(wrong...)
}

func (p page) about() (receiver, status string) {
	status = "firing"
	if p.EventAction == "resolve" {
		status = "resolved"
	}
	return "pagerduty " + p.RoutingKey[:6], status
}
