{{/* Where the gateways keep photos. */}}

{{- define "parlor.photosClaim" -}}
{{- .Values.photos.pvc.existingClaim | default (printf "%s-photos" (include "parlor.fullname" .)) }}
{{- end }}

{{/* Whether photos are on a volume. */}}
{{- define "parlor.photosOnVolume" -}}
{{- if and .Values.photos.enabled (eq .Values.photos.store "pvc") }}yes{{ end }}
{{- end }}

{{/* Environment by which the gateways find the photos. */}}
{{- define "parlor.photosEnvironment" -}}
{{- $photos := .Values.photos -}}
- name: PHOTO_STORE
{{- if not $photos.enabled }}
  value: "off"
{{- else if eq $photos.store "pvc" }}
  value: /var/lib/parlor/photos
{{- else }}
  value: {{ $photos.s3.url | quote }}
{{- with $photos.s3.region }}
- name: AWS_REGION
  value: {{ . | quote }}
{{- end }}
{{- with $photos.s3.endpoint }}
- name: AWS_ENDPOINT
  value: {{ . | quote }}
{{- if hasPrefix "http://" . }}
- name: AWS_ALLOW_HTTP
  value: "true"
{{- end }}
{{- end }}
{{- with $photos.s3.existingSecret }}
{{- range $variable := list "AWS_ACCESS_KEY_ID" "AWS_SECRET_ACCESS_KEY" }}
- name: {{ $variable }}
  valueFrom:
    secretKeyRef:
      name: {{ $photos.s3.existingSecret }}
      key: {{ $variable }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
