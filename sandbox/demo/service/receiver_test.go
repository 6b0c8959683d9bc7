package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
)

const payload = `{"version":"4","groupKey":"{}:{alertname=\"ServiceDown\"}","truncatedAlerts":0,"status":"firing","receiver":"platform-critical",
 "groupLabels":{"alertname":"ServiceDown"},"commonLabels":{"alertname":"ServiceDown","team":"platform"},"commonAnnotations":{},"externalURL":"http://am",
 "somethingNew":1,"alerts":[{"status":"firing","labels":{"alertname":"ServiceDown","service":"auth"},"annotations":{},
 "startsAt":"2026-01-01T00:00:00Z","endsAt":"0001-01-01T00:00:00Z","generatorURL":"","fingerprint":"abc"}]}`

func receiver(t *testing.T) string {
	t.Helper()
	handler, _ := receiverHandler()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

func list(t *testing.T, address string) []received[notification] {
	t.Helper()
	_, body := do(t, "GET", address, "")
	var kept []received[notification]
	if err := json.Unmarshal([]byte(body), &kept); err != nil {
		t.Fatal(err)
	}
	return kept
}

func TestANotificationIsKeptWithItsTimeAndCounted(t *testing.T) {
	address := receiver(t)
	if status, answer := do(t, "POST", address+"/alerts", payload); status != http.StatusOK {
		t.Fatalf("got %d %s", status, answer)
	}
	kept := list(t, address+"/alerts")
	if len(kept) != 1 || kept[0].ReceivedAt.IsZero() || kept[0].Notification.Alerts[0].Labels["service"] != "auth" {
		t.Errorf("kept %+v", kept)
	}
	_, metrics := do(t, "GET", address+"/metrics", "")
	wantContains(t, metrics, `webhook_notifications_received_total{receiver="platform-critical",status="firing"} 1`)
}

func TestHeartbeatsAreKeptApart(t *testing.T) {
	address := receiver(t)
	do(t, "POST", address+"/heartbeat", payload)
	if alerts, beats := list(t, address+"/alerts"), list(t, address+"/heartbeat"); len(alerts) != 0 || len(beats) != 1 {
		t.Errorf("%d alerts, %d heartbeats, want 0 and 1", len(alerts), len(beats))
	}
}

func TestWhatIsNoNotificationIsRefusedByName(t *testing.T) {
	address := receiver(t)
	for _, c := range []struct{ old, new, want string }{
		{`"version":"4"`, `"version":"3"`, `version: "3" given, must be "4"`},
		{`"status":"firing","receiver"`, `"status":"odd","receiver"`, `status: "odd" given, must be firing or resolved`},
		{`"receiver":"platform-critical",`, ``, "receiver: missing"},
		{`"groupKey"`, `"groupkeys"`, "groupKey: missing"},
		{`"labels":{"alertname":"ServiceDown",`, `"labels":{`, "alerts[0].labels.alertname: missing"},
		{`"fingerprint":"abc"`, `"fingerprint":""`, "alerts[0].fingerprint: missing"},
		{`"startsAt":"2026-01-01T00:00:00Z",`, ``, "alerts[0].startsAt: missing"},
		{`"alerts":[{`, `"others":[{`, "alerts: missing"},
		{payload, `not json`, "invalid character"},
	} {
		changed := strings.Replace(payload, c.old, c.new, 1)
		if changed == payload {
			t.Fatalf("%s is not in the payload", c.old)
		}
		status, answer := do(t, "POST", address+"/alerts", changed)
		if status != http.StatusBadRequest {
			t.Errorf("%s: got %d, want 400", c.new, status)
		}
		wantContains(t, message(t, answer), c.want)
	}
	if kept := list(t, address+"/alerts"); len(kept) != 0 {
		t.Errorf("kept %d of them", len(kept))
	}
	_, metrics := do(t, "GET", address+"/metrics", "")
	wantContains(t, metrics, "webhook_notifications_rejected_total 9")
}

func TestOnlyTheLastThousandAreKept(t *testing.T) {
	address := receiver(t)
	for i := range maxKept + 2 {
		do(t, "POST", address+"/alerts", strings.Replace(payload, `"abc"`, strconv.Quote(strconv.Itoa(i)), 1))
	}
	kept := list(t, address+"/alerts")
	if len(kept) != maxKept || kept[0].Notification.Alerts[0].Fingerprint != "2" {
		t.Errorf("kept %d, the oldest is %s", len(kept), kept[0].Notification.Alerts[0].Fingerprint)
	}
}
