package main

import (
	"errors"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// slackMessage is what an incoming webhook of Slack takes: a text or attachments, with the limits of Slack's reference
// (docs.slack.dev: "Secondary message attachments", "Legacy: message buttons").
type slackMessage struct {
	Channel     string            `json:"channel"`
	Text        string            `json:"text"`
	Attachments []slackAttachment `json:"attachments"`
}

type slackAttachment struct {
	Fallback  string        `json:"fallback"`
	Color     string        `json:"color"`
	Title     string        `json:"title"`
	TitleLink string        `json:"title_link"`
	Text      string        `json:"text"`
	Footer    string        `json:"footer"`
	MrkdwnIn  []string      `json:"mrkdwn_in"`
	Fields    []slackField  `json:"fields"`
	Actions   []slackAction `json:"actions"`
}

type slackField struct {
	Title string `json:"title"`
	Value string `json:"value"`
	Short bool   `json:"short"`
}

type slackAction struct {
	Type string `json:"type"`
	Text string `json:"text"`
	URL  string `json:"url"`
}

var (
	slackChannel = regexp.MustCompile(`^#[a-z0-9_-]{1,79}$`)
	slackColor   = regexp.MustCompile(`^(good|warning|danger|#[0-9a-fA-F]{6})$`)
	slackMark    = regexp.MustCompile(`<[!@#]`) // would call people or a channel
)

func (m slackMessage) validate() error {
	var wrong problems
	wrong.unless(slackChannel.MatchString(m.Channel), "channel: %q given, must be a channel such as #team", m.Channel)
	wrong.unless(m.Text != "" || len(m.Attachments) > 0, "no_text")
	wrong.unless(len(m.Attachments) <= 20, "too_many_attachments")
	for _, a := range m.Attachments {
		wrong.unless(a.Fallback != "", "attachments.fallback: missing")
		wrong.unless(slackColor.MatchString(a.Color), "attachments.color: %q given", a.Color)
		wrong.unless(a.TitleLink == "" || isAddress(a.TitleLink), "attachments.title_link: %q is no web address", a.TitleLink)
		wrong.unless(utf8.RuneCountInString(a.Text) <= 8000, "attachments.text: %d characters, at most 8000 are shown", len(a.Text))
		wrong.unless(len(a.Actions) <= 5, "attachments.actions: %d given, at most 5", len(a.Actions))
		for _, known := range a.MrkdwnIn {
			wrong.unless(slices.Contains([]string{"pretext", "text", "fields", "fallback"}, known), "attachments.mrkdwn_in: %q given", known)
		}
		texts := []string{a.Title, a.Text, a.Fallback, a.Footer}
		for _, f := range a.Fields {
			wrong.unless(f.Title != "" && f.Value != "", "attachments.fields: title and value must be there")
			texts = append(texts, f.Title, f.Value)
		}
		for _, b := range a.Actions {
			wrong.unless(b.Type == "button", "attachments.actions.type: %q given, must be button", b.Type)
			wrong.unless(b.Text != "" && utf8.RuneCountInString(b.Text) <= 30, "attachments.actions.text: %q given", b.Text)
			wrong.unless(isAddress(b.URL), "attachments.actions.url: %q is no web address", b.URL)
		}
		wrong.unless(!slackMark.MatchString(strings.Join(texts, "\n")), "attachments: a text calls people by an unescaped mark")
	}
	return errors.Join(wrong...)
}

func (m slackMessage) about() (receiver, status string) {
	if len(m.Attachments) > 0 && strings.Contains(m.Attachments[0].Title, "[RESOLVED]") {
		return m.Channel, "resolved"
	}
	return m.Channel, "firing"
}

func isAddress(text string) bool {
	parsed, err := url.Parse(text)
	return err == nil && (parsed.Scheme == "http" || parsed.Scheme == "https") && parsed.Host != "" && !strings.ContainsAny(text, " \n\"<>")
}
