// Renders a template of Go with data, both given as JSON on standard input: the language of the texts of
// Grafana and Alertmanager, of which these tests use what the language itself has and one function that both add.
package main

import (
	"encoding/json"
	"log"
	"os"
	"regexp"
	"text/template"
)

func main() {
	var input struct {
		Template string
		Data     any
	}
	if err := json.NewDecoder(os.Stdin).Decode(&input); err != nil {
		log.Fatal(err)
	}
	functions := template.FuncMap{
		"reReplaceAll": func(pattern, replacement, text string) string {
			return regexp.MustCompile(pattern).ReplaceAllString(text, replacement)
		},
	}
	parsed, err := template.New("text").Funcs(functions).Option("missingkey=zero").Parse(input.Template)
	if err != nil {
		log.Fatal(err)
	}
	if err := parsed.Execute(os.Stdout, input.Data); err != nil {
		log.Fatal(err)
	}
}
