{{/* Names, labels and images. A "component" is gateway, history-worker, presence-worker, redis or test. */}}

{{- define "parlor.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 38 | trimSuffix "-" }}
{{- end }}

{{/* 63 characters are left for the longest suffix, "-presence-worker-metrics". */}}
{{- define "parlor.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 38 | trimSuffix "-" }}
{{- else if contains (include "parlor.name" .) .Release.Name }}
{{- .Release.Name | trunc 38 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "parlor.name" .) | trunc 38 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{/* What selects the pods of a component: (list $ COMPONENT). Never changes, as selectors can't. */}}
{{- define "parlor.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ include "parlor.name" $root }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{/* Labels of an object of a component: (list $ COMPONENT FURTHER). Those that select can't be replaced. */}}
{{- define "parlor.labels" -}}
{{- $root := index . 0 }}
{{- $own := dict
  "app.kubernetes.io/version" $root.Chart.AppVersion
  "app.kubernetes.io/part-of" "parlor"
  "app.kubernetes.io/managed-by" $root.Release.Service
  "helm.sh/chart" (printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_") }}
{{- merge (dict) (include "parlor.selector" . | fromYaml) (index . 2) $root.Values.commonLabels $own | toYaml }}
{{- end }}

{{/* Labels of pods: without the versions, as a new one must not restart pods that stay as they are. */}}
{{- define "parlor.podLabels" -}}
{{- $root := index . 0 }}
{{- merge (dict) (include "parlor.selector" . | fromYaml) (index . 2) $root.Values.commonLabels (dict "app.kubernetes.io/part-of" "parlor") | toYaml }}
{{- end }}

{{/* The metadata of an object: (list $ COMPONENT NAME LABELS ANNOTATIONS), the last two merged in. */}}
{{- define "parlor.metadata" -}}
{{- $root := index . 0 }}
{{- $annotations := merge (dict) (index . 4) $root.Values.commonAnnotations -}}
name: {{ index . 2 }}
namespace: {{ $root.Release.Namespace }}
labels:
  {{- include "parlor.labels" (list $root (index . 1) (index . 3)) | nindent 2 }}
{{- with $annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "parlor.serviceAccountName" -}}
{{- $made := include "parlor.fullname" . }}
{{- .Values.serviceAccount.name | default (ternary $made "default" .Values.serviceAccount.create) }}
{{- end }}

{{/* The reference of a program's image: (list $ IMAGE). */}}
{{- define "parlor.image" -}}
{{- $root := index . 0 }}
{{- $image := index . 1 }}
{{- $name := $image.repository }}
{{- if $root.Values.image.registry }}
{{- $name = printf "%s/%s" (trimSuffix "/" $root.Values.image.registry) $name }}
{{- end }}
{{- if $image.digest }}
{{- printf "%s@%s" $name $image.digest }}
{{- else }}
{{- printf "%s:%s" $name (coalesce $image.tag $root.Values.image.tag $root.Chart.AppVersion) }}
{{- end }}
{{- end }}

{{- define "parlor.redisImage" -}}
{{- $image := .Values.redis.bundled.image }}
{{- if $image.digest }}
{{- printf "%s@%s" $image.repository $image.digest }}
{{- else }}
{{- printf "%s:%s" $image.repository $image.tag }}
{{- end }}
{{- end }}

{{/* Whether "helm test" has a pod: it chats as guests, so they must be allowed. */}}
{{- define "parlor.testRuns" -}}
{{- if and .Values.test.enabled (ne (toString .Values.settings.guests) "false") }}yes{{ end }}
{{- end }}
