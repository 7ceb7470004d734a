{{/* The programs' settings: their file, where Redis is, and how long ending takes. */}}

{{/* The file all three programs read. JSON, as toYaml would write a million as 1e+06, which they refuse. */}}
{{- define "parlor.settings" -}}
{{- range $key, $value := .Values.settings }}
{{ $key }}: {{ toJson $value }}
{{- end }}
{{- end }}

{{/* Seconds of a duration such as 25s, 500ms or "1m 30s", rounded up. */}}
{{- define "parlor.seconds" -}}
{{- $milliseconds := 0 }}
{{- range regexFindAll "[0-9]+ *[a-z]+" . -1 }}
{{- $number := regexFind "[0-9]+" . | int64 }}
{{- $unit := regexFind "[a-z]+" . }}
{{- $factor := get (dict "ms" 1 "s" 1000 "m" 60000 "h" 3600000 "d" 86400000) $unit }}
{{- $milliseconds = add $milliseconds (mul $number $factor) }}
{{- end }}
{{- div (add $milliseconds 999) 1000 }}
{{- end }}

{{/* Seconds that a setting takes: (list $ KEY DEFAULT), the default being the programs' own. */}}
{{- define "parlor.settingSeconds" -}}
{{- include "parlor.seconds" (get (index . 0).Values.settings (index . 1) | default (index . 2)) }}
{{- end }}

{{/* Seconds that a gateway may take from SIGTERM to its end: the wait for the balancer, the farewells,
     two writes to a socket that takes nothing, 5 s of margin and 2 s to drop what is left. */}}
{{- define "parlor.drainSeconds" -}}
{{- $wait := include "parlor.settingSeconds" (list . "drain_wait" "5s") | int }}
{{- $grace := include "parlor.settingSeconds" (list . "drain_grace" "20s") | int }}
{{- $write := include "parlor.settingSeconds" (list . "write_timeout" "5s") | int }}
{{- add $wait $grace $write $write 7 }}
{{- end }}

{{/* The least grace period of a component: (list $ COMPONENT). */}}
{{- define "parlor.leastGrace" -}}
{{- $root := index . 0 }}
{{- if eq (index . 1) "gateway" }}
{{- add (include "parlor.drainSeconds" $root | int) $root.Values.gateway.preStopSleepSeconds }}
{{- else -}}
10
{{- end }}
{{- end }}

{{/* The Secret with the URL of Redis, where there is one, and its key. */}}
{{- define "parlor.redisSecretName" -}}
{{- $name := printf "%s-redis" (include "parlor.fullname" .) }}
{{- if .Values.redis.bundled.enabled }}
{{- .Values.redis.bundled.auth.existingSecret.name | default $name }}
{{- else }}
{{- .Values.redis.external.existingSecret.name | default $name }}
{{- end }}
{{- end }}

{{/* Environment by which the programs find Redis. */}}
{{- define "parlor.redisEnvironment" -}}
{{- with .Values.redis.prefix -}}
- name: REDIS_PREFIX
  value: {{ . | quote }}
{{ end -}}
{{- if .Values.redis.bundled.enabled -}}
- name: REDIS_URL
  value: redis://{{ include "parlor.fullname" . }}-redis:6379
{{- if .Values.redis.bundled.auth.enabled }}
- name: REDIS_PASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ include "parlor.redisSecretName" . }}
      key: {{ include "parlor.bundledPasswordKey" . }}
{{- end }}
{{- else -}}
- name: REDIS_URL
  valueFrom:
    secretKeyRef:
      name: {{ include "parlor.redisSecretName" . }}
      key: {{ ternary .Values.redis.external.existingSecret.key "redis-url" (ne .Values.redis.external.existingSecret.name "") }}
{{- with .Values.redis.external.passwordSecret }}
{{- if .name }}
- name: REDIS_PASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ .name }}
      key: {{ .key }}
{{- end }}
{{- end }}
{{- with .Values.redis.external.username }}
- name: REDIS_USERNAME
  value: {{ . | quote }}
{{- end }}
{{- with .Values.redis.external.sentinel }}
{{- if .username }}
- name: REDIS_SENTINEL_USERNAME
  value: {{ .username | quote }}
{{- end }}
{{- if .passwordSecret.name }}
- name: REDIS_SENTINEL_PASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ .passwordSecret.name }}
      key: {{ .passwordSecret.key }}
{{- end }}
{{- end }}
{{- with .Values.redis.external.tls }}
{{- if .authoritySecret }}
- name: REDIS_TLS_CA
  value: /etc/parlor-redis/authority/{{ .authorityKey }}
{{- end }}
{{- if .clientSecret }}
- name: REDIS_TLS_CERT
  value: /etc/parlor-redis/client/tls.crt
- name: REDIS_TLS_KEY
  value: /etc/parlor-redis/client/tls.key
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* The Secrets with files for TLS, by the folder that each is mounted in below /etc/parlor-redis. */}}
{{- define "parlor.redisFiles" -}}
{{- $files := dict }}
{{- if not .Values.redis.bundled.enabled }}
{{- with .Values.redis.external.tls }}
{{- range $folder, $secret := dict "authority" .authoritySecret "client" .clientSecret }}
{{- if $secret }}
{{- $_ := set $files $folder $secret }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- toJson $files }}
{{- end }}

{{- define "parlor.bundledPasswordKey" -}}
{{- with .Values.redis.bundled.auth.existingSecret }}
{{- ternary .key "redis-password" (ne .name "") }}
{{- end }}
{{- end }}
