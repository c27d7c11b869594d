// What a team writes itself in Go: net/http, crypto/hmac, one committed insert into PostgreSQL, then 200.
package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	_ "github.com/lib/pq"
)

func genuine(key []byte, headers http.Header, body []byte) bool {
	id, stamp := headers.Get("webhook-id"), headers.Get("webhook-timestamp")
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	age := time.Now().Unix() - seconds
	if id == "" || err != nil || age > 300 || age < -300 {
		return false
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + stamp + "."))
	mac.Write(body)
	expected := mac.Sum(nil)
	for _, token := range strings.Fields(headers.Get("webhook-signature")) {
		given, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(token, "v1,"))
		if err == nil && hmac.Equal(given, expected) {
			return true
		}
	}
	return false
}

func main() {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(os.Getenv("OPENAI_WEBHOOK_SECRET"), "whsec_"))
	if err != nil {
		log.Fatal(err)
	}
	database, err := sql.Open("postgres", os.Getenv("PGURL"))
	if err != nil {
		log.Fatal(err)
	}
	database.SetMaxOpenConns(10)
	database.SetMaxIdleConns(10)
	keep, err := database.Prepare("insert into events (source, webhook_id, type, received, body) " +
		"values ($1, $2, $3, now(), $4) on conflict do nothing")
	if err != nil {
		log.Fatal(err)
	}
	http.HandleFunc("/webhooks/openai", func(reply http.ResponseWriter, request *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(reply, request.Body, 1<<20))
		if err != nil || !genuine(key, request.Header, body) {
			http.Error(reply, "Invalid signature", http.StatusBadRequest)
			return
		}
		var event struct{ Type string }
		if json.Unmarshal(body, &event) != nil {
			http.Error(reply, "Invalid JSON payload", http.StatusBadRequest)
			return
		}
		if _, err := keep.Exec("openai", request.Header.Get("webhook-id"), event.Type, body); err != nil {
			http.Error(reply, "Try again", http.StatusServiceUnavailable)
			return
		}
		reply.Header().Set("Content-Type", "application/json")
		io.WriteString(reply, `{"received":true}`)
	})
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil))
}
