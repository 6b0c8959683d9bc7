package main

import (
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/prometheus/alertmanager/config"
	"github.com/prometheus/alertmanager/template"
	"github.com/prometheus/alertmanager/types"
	"github.com/prometheus/common/model"
	"go.yaml.in/yaml/v3"
)

// group is alerts that go to a receiver as one message.
type group struct {
	Receiver    string         `json:"receiver"`
	ExternalURL string         `json:"externalURL"`
	GroupLabels model.LabelSet `json:"groupLabels"`
	Alerts      []model.Alert  `json:"alerts"`
}

// message is what a receiver would get: its integrations by name, with every template in them written out.
type message struct {
	Error        string         `json:"error"` // what is wrong with a template, with the place where it stands
	Integrations map[string]any `json:"integrations"`
}

func messages(loaded *config.Config, path string, groups []group) ([]message, error) {
	written := []message{}
	if len(groups) == 0 {
		return written, nil
	}
	var plain struct {
		Receivers []map[string]any `yaml:"receivers"`
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if err := yaml.Unmarshal(text, &plain); err != nil {
		return nil, err
	}
	templates, err := template.FromGlobs(loaded.Templates)
	if err != nil {
		return nil, err
	}
	for _, asked := range groups {
		for _, receiver := range plain.Receivers {
			if receiver["name"] == asked.Receiver {
				written = append(written, write(templates, receiver, asked))
			}
		}
	}
	return written, nil
}

func write(templates *template.Template, receiver map[string]any, asked group) message {
	address, err := url.Parse(asked.ExternalURL)
	if err != nil {
		return message{Error: err.Error()}
	}
	templates.ExternalURL = address
	var alerts []*types.Alert
	for _, alert := range asked.Alerts {
		alerts = append(alerts, &types.Alert{Alert: alert, UpdatedAt: time.Now()})
	}
	data := templates.Data(asked.Receiver, asked.GroupLabels, alerts...)
	integrations := map[string]any{}
	for name, value := range receiver {
		if strings.HasSuffix(name, "_configs") {
			integrations[name], err = expand(templates, value, data, name)
			if err != nil {
				return message{Error: err.Error()}
			}
		}
	}
	return message{Integrations: integrations}
}

// expand writes out the templates in every text below value; place says where that is.
func expand(templates *template.Template, value any, data *template.Data, place string) (any, error) {
	var err error
	switch typed := value.(type) {
	case string:
		execute := templates.ExecuteTextString
		if strings.HasPrefix(place, "email_configs") && strings.HasSuffix(place, ".html") {
			execute = templates.ExecuteHTMLString
		}
		text, err := execute(typed, data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", place, err)
		}
		return text, nil
	case map[string]any:
		expanded := map[string]any{}
		for name, item := range typed {
			if expanded[name], err = expand(templates, item, data, place+"."+name); err != nil {
				return nil, err
			}
		}
		return expanded, nil
	case []any:
		expanded := make([]any, len(typed))
		for index, item := range typed {
			if expanded[index], err = expand(templates, item, data, fmt.Sprintf("%s[%d]", place, index)); err != nil {
				return nil, err
			}
		}
		return expanded, nil
	}
	return value, nil
}
