package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"go.opentelemetry.io/contrib/samplers/jaegerremote"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// samplingRefresh is how soon a changed share is heard of.
const samplingRefresh = 10 * time.Second

// setupTracing makes spans follow requests (W3C trace context). They are exported by OTLP over HTTP when OTEL_EXPORTER_OTLP_ENDPOINT
// is set; without it they still give logs and exemplars their ids. Which share is traced is asked of SAMPLING_ENDPOINT; without one,
// everything is. The returned function sends what is left.
func setupTracing(ctx context.Context, service string) (func(context.Context) error, error) {
	described, err := resource.New(ctx, resource.WithFromEnv(), resource.WithTelemetrySDK(),
		resource.WithAttributes(attribute.String("service.name", service)))
	if err != nil {
		return nil, fmt.Errorf("OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	options := []sdktrace.TracerProviderOption{sdktrace.WithResource(described)}
	var remote *jaegerremote.Sampler
	if endpoint := os.Getenv("SAMPLING_ENDPOINT"); endpoint != "" {
		remote = jaegerremote.New(service, jaegerremote.WithSamplingServerURL(endpoint),
			jaegerremote.WithSamplingRefreshInterval(samplingRefresh), jaegerremote.WithInitialSampler(sdktrace.NeverSample()))
		// Where a trace begins it is decided whether it is kept; who is called later follows.
		options = append(options, sdktrace.WithSampler(sdktrace.ParentBased(remote)))
	}
	if os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != "" {
		exporter, err := otlptracehttp.New(ctx)
		if err != nil {
			return nil, fmt.Errorf("OTEL_EXPORTER_OTLP_ENDPOINT: %w", err)
		}
		options = append(options, sdktrace.WithBatcher(exporter))
	}
	provider := sdktrace.NewTracerProvider(options...)
	otel.SetTracerProvider(provider)
	otel.SetTextMapPropagator(propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{}))
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { slog.Warn("telemetry lost", "error", err.Error()) }))
	return func(ctx context.Context) error {
		if remote != nil {
			remote.Close()
		}
		return provider.Shutdown(ctx)
	}, nil
}

// newLogger writes one JSON object a line: ts, level, msg, service, then trace_id and span_id of the request it belongs to.
func newLogger(out io.Writer, service string) *slog.Logger {
	handler := slog.NewJSONHandler(out, &slog.HandlerOptions{ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		switch {
		case len(groups) > 0:
		case a.Key == slog.TimeKey:
			return slog.String("ts", a.Value.Time().UTC().Format(time.RFC3339Nano))
		case a.Key == slog.LevelKey:
			return slog.String("level", strings.ToLower(a.Value.String()))
		}
		return a
	}})
	return slog.New(tracedHandler{handler}).With("service", service)
}

// tracedHandler adds the ids of the span in the context.
type tracedHandler struct{ slog.Handler }

func (h tracedHandler) Handle(ctx context.Context, record slog.Record) error {
	if span := trace.SpanContextFromContext(ctx); span.IsValid() {
		record.AddAttrs(slog.String("trace_id", span.TraceID().String()), slog.String("span_id", span.SpanID().String()))
	}
	return h.Handler.Handle(ctx, record)
}

func (h tracedHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return tracedHandler{h.Handler.WithAttrs(attrs)}
}

func (h tracedHandler) WithGroup(name string) slog.Handler {
	return tracedHandler{h.Handler.WithGroup(name)}
}
