// Package retryservererror is a client middleware for HTTP exporters: it turns the answer 500 into 503.
//
// OTLP over HTTP allows a sender to repeat a request after 429, 502, 503 and 504, but not after 500, so the
// Collector drops the batch. A proxy in front of a backend answers 500 for faults that pass; with this
// middleware such a batch stays in the queue.
package retryservererror

import (
	"context"
	"net/http"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/extensionmiddleware"
)

var (
	_ extension.Extension            = (*middleware)(nil)
	_ extensionmiddleware.HTTPClient = (*middleware)(nil)
)

// NewFactory makes the factory of the extension `retry_server_error`. It has no settings.
func NewFactory() extension.Factory {
	return extension.NewFactory(
		component.MustNewType("retry_server_error"),
		func() component.Config { return &struct{}{} },
		func(context.Context, extension.Settings, component.Config) (extension.Extension, error) {
			return &middleware{}, nil
		},
		component.StabilityLevelBeta,
	)
}

type middleware struct {
	component.StartFunc
	component.ShutdownFunc
}

// GetHTTPRoundTripper wraps the transport of an exporter.
func (*middleware) GetHTTPRoundTripper(context.Context) (extensionmiddleware.WrapHTTPRoundTripperFunc, error) {
	return func(_ context.Context, base http.RoundTripper) (http.RoundTripper, error) {
		return roundTripper{base}, nil
	}, nil
}

type roundTripper struct{ base http.RoundTripper }

func (r roundTripper) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := r.base.RoundTrip(request)
	if err == nil && response.StatusCode == http.StatusInternalServerError {
		response.StatusCode = http.StatusServiceUnavailable
		response.Status = "503 Service Unavailable"
	}
	return response, err
}
