package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"mime/multipart"
	"net"
	"net/mail"
	"net/textproto"
	"strings"
	"time"
)

// letter is a mail as its reader sees it.
type letter struct {
	From    string `json:"from"`
	To      string `json:"to"`
	Subject string `json:"subject"`
	Text    string `json:"text"`
	HTML    string `json:"html"`
}

func (l letter) validate() error {
	var wrong problems
	for name, address := range map[string]string{"From": l.From, "To": l.To} {
		_, err := mail.ParseAddress(address)
		wrong.unless(err == nil, "%s: %q is no address", name, address)
	}
	wrong.unless(l.Subject != "", "Subject: missing")
	wrong.unless(l.Text != "", "there is no part for programs that show text alone")
	wrong.unless(strings.Contains(l.HTML, "</html>"), "there is no whole HTML part")
	wrong.unless(!strings.Contains(strings.ToLower(l.HTML), "<script"), "the HTML part has a script in it")
	return errors.Join(wrong...)
}

func (l letter) about() (receiver, status string) {
	if strings.Contains(l.Subject, "[RESOLVED]") {
		return l.To, "resolved"
	}
	return l.To, "firing"
}

// takeMail is a mail server (RFC 5321) that delivers into an inbox, until its listener is closed.
func takeMail(listener net.Listener, letters *inbox[letter]) {
	for {
		connection, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer connection.Close()
			_ = connection.SetDeadline(time.Now().Add(time.Minute))
			if err := converse(textproto.NewConn(connection), letters); err != nil && !errors.Is(err, io.EOF) {
				slog.Warn("mail conversation broken", "error", err.Error())
			}
		}()
	}
}

// converse speaks with one client. It knows the commands that a client needs to hand over mails, and no extension.
func converse(client *textproto.Conn, letters *inbox[letter]) error {
	answer := func(code int, text string) error { return client.PrintfLine("%d %s", code, text) }
	if err := answer(220, "alert-receiver ESMTP"); err != nil {
		return err
	}
	for {
		line, err := client.ReadLine()
		if err != nil {
			return err
		}
		switch command, _, _ := strings.Cut(strings.ToUpper(line), " "); command {
		case "EHLO", "HELO", "MAIL", "RCPT", "RSET", "NOOP":
			err = answer(250, "OK")
		case "DATA":
			err = take(client, letters, answer)
		case "QUIT":
			return answer(221, "bye")
		default:
			err = answer(502, "command not known here")
		}
		if err != nil {
			return err
		}
	}
}

func take(client *textproto.Conn, letters *inbox[letter], answer func(int, string) error) error {
	if err := answer(354, "end with a line of one dot"); err != nil {
		return err
	}
	body := client.DotReader()
	read, err := readLetter(body)
	_, _ = io.Copy(io.Discard, body)
	if err == nil {
		err = letters.keep(read)
	}
	if err != nil {
		letters.counts.rejected.Inc()
		slog.Warn("mail rejected", "error", err.Error())
		return answer(554, strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	return answer(250, "OK: delivered")
}

func readLetter(source io.Reader) (letter, error) {
	parsed, err := mail.ReadMessage(bufio.NewReader(source))
	if err != nil {
		return letter{}, err
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(parsed.Header.Get("Subject"))
	if err != nil {
		return letter{}, fmt.Errorf("Subject: %w", err)
	}
	if _, err := parsed.Header.Date(); err != nil {
		return letter{}, fmt.Errorf("Date: %w", err)
	}
	kind, parameters, err := mime.ParseMediaType(parsed.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		return letter{}, fmt.Errorf("Content-Type: %q given, must be multipart/alternative", kind)
	}
	read := letter{From: parsed.Header.Get("From"), To: parsed.Header.Get("To"), Subject: subject}
	parts := multipart.NewReader(parsed.Body, parameters["boundary"])
	for {
		part, err := parts.NextPart() // undoes quoted-printable
		if errors.Is(err, io.EOF) {
			return read, nil
		}
		if err != nil {
			return letter{}, err
		}
		text, err := io.ReadAll(part)
		if err != nil {
			return letter{}, err
		}
		switch kind, _, _ := mime.ParseMediaType(part.Header.Get("Content-Type")); kind {
		case "text/plain":
			read.Text = string(text)
		case "text/html":
			read.HTML = string(text)
		}
	}
}
