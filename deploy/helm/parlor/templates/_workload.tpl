{{/* The Deployment of a program: (list $ COMPONENT VALUES). */}}
{{- define "parlor.deployment" -}}
{{- $root := index . 0 }}
{{- $component := index . 1 }}
{{- $values := index . 2 }}
{{- $gateway := eq $component "gateway" }}
{{- $selector := include "parlor.selector" (list $root $component) }}
{{- $name := printf "%s-%s" (include "parlor.fullname" $root) $component -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  {{- include "parlor.metadata" (list $root $component $name (dict) $values.annotations) | nindent 2 }}
spec:
  {{- if not (and $gateway $values.autoscaling.enabled) }}
  replicas: {{ $values.replicas }}
  {{- end }}
  minReadySeconds: {{ $values.minReadySeconds }}
  revisionHistoryLimit: 5
  selector:
    matchLabels:
      {{- $selector | nindent 6 }}
  strategy:
    type: RollingUpdate
    rollingUpdate:
      {{- toYaml $values.rollingUpdate | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "parlor.podLabels" (list $root $component $values.podLabels) | nindent 8 }}
      annotations:
        {{- $scrape := dict "prometheus.io/scrape" "true" "prometheus.io/port" (toString $root.Values.adminPort) "prometheus.io/path" "/metrics" }}
        {{- /* What the programs read at the start. */}}
        {{- $redis := $root.Values.redis }}
        {{- $read := list (include "parlor.settings" $root) $redis.external $redis.bundled.enabled $redis.bundled.auth }}
        {{- $checksum := dict "checksum/settings" (toJson $read | sha256sum) }}
        {{- merge (dict) $values.podAnnotations $checksum (ternary $scrape (dict) $root.Values.metrics.annotations) | toYaml | nindent 8 }}
    spec:
      serviceAccountName: {{ include "parlor.serviceAccountName" $root }}
      automountServiceAccountToken: false
      # Services' variables would be read as settings by programs whose settings are variables.
      enableServiceLinks: false
      terminationGracePeriodSeconds: {{ $values.terminationGracePeriodSeconds | default (add (include "parlor.leastGrace" (list $root $component) | int) 5) }}
      securityContext:
        {{- toYaml $root.Values.podSecurityContext | nindent 8 }}
      {{- with $root.Values.image.pullSecrets }}
      imagePullSecrets:
        {{- range . }}
        - name: {{ . }}
        {{- end }}
      {{- end }}
      {{- with $values.priorityClassName }}
      priorityClassName: {{ . }}
      {{- end }}
      {{- with $values.nodeSelector }}
      nodeSelector:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with $values.tolerations }}
      tolerations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- if $values.affinity }}
      affinity:
        {{- toYaml $values.affinity | nindent 8 }}
      {{- else if ne $values.antiAffinity "none" }}
      affinity:
        podAntiAffinity:
          {{- if eq $values.antiAffinity "hard" }}
          requiredDuringSchedulingIgnoredDuringExecution:
            - topologyKey: kubernetes.io/hostname
              labelSelector:
                matchLabels:
                  {{- $selector | nindent 18 }}
          {{- else }}
          preferredDuringSchedulingIgnoredDuringExecution:
            - weight: 100
              podAffinityTerm:
                topologyKey: kubernetes.io/hostname
                labelSelector:
                  matchLabels:
                    {{- $selector | nindent 20 }}
          {{- end }}
      {{- end }}
      {{- $spread := dict "topology.kubernetes.io/zone" $values.spreadZones "kubernetes.io/hostname" $values.spreadNodes }}
      {{- if or (ne $values.spreadZones "none") (ne $values.spreadNodes "none") }}
      topologySpreadConstraints:
        {{- range $key, $how := $spread }}
        {{- if ne $how "none" }}
        - topologyKey: {{ $key }}
          maxSkew: 1
          whenUnsatisfiable: {{ $how }}
          # During a rolling update the new pods are spread by themselves.
          matchLabelKeys: [pod-template-hash]
          labelSelector:
            matchLabels:
              {{- $selector | nindent 14 }}
        {{- end }}
        {{- end }}
      {{- end }}
      {{- with $values.initContainers }}
      initContainers:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      containers:
        - name: {{ $component }}
          image: {{ include "parlor.image" (list $root $values.image) | quote }}
          imagePullPolicy: {{ $root.Values.image.pullPolicy }}
          ports:
            {{- if $gateway }}
            - name: http
              containerPort: {{ $values.port }}
            {{- end }}
            - name: admin
              containerPort: {{ $root.Values.adminPort }}
          env:
            - name: PARLOR_CONFIG
              value: /etc/parlor/parlor.yaml
            # The kubelet and Prometheus come from outside the pod; no public Service leads here.
            - name: ADMIN_ADDRESS
              value: ":{{ $root.Values.adminPort }}"
            {{- if $gateway }}
            - name: SERVER_ADDRESS
              value: ":{{ $values.port }}"
            {{- include "parlor.photosEnvironment" $root | nindent 12 }}
            {{- end }}
            {{- include "parlor.redisEnvironment" $root | nindent 12 }}
            {{- with $values.extraEnv }}
            {{- toYaml . | nindent 12 }}
            {{- end }}
          {{- with $values.extraEnvFrom }}
          envFrom:
            {{- toYaml . | nindent 12 }}
          {{- end }}
          startupProbe:
            httpGet: {path: /healthz, port: admin}
            {{- toYaml $root.Values.probes.startup | nindent 12 }}
          livenessProbe:
            httpGet: {path: /healthz, port: admin}
            {{- toYaml $root.Values.probes.liveness | nindent 12 }}
          readinessProbe:
            httpGet: {path: /readyz, port: admin}
            {{- toYaml $root.Values.probes.readiness | nindent 12 }}
          {{- if and $gateway (gt (int $values.preStopSleepSeconds) 0) }}
          lifecycle:
            preStop:
              sleep:
                seconds: {{ $values.preStopSleepSeconds }}
          {{- end }}
          securityContext:
            {{- toYaml $root.Values.containerSecurityContext | nindent 12 }}
          resources:
            {{- toYaml $values.resources | nindent 12 }}
          volumeMounts:
            - name: settings
              mountPath: /etc/parlor
              readOnly: true
            {{- if and $gateway (include "parlor.photosOnVolume" $root) }}
            - name: photos
              mountPath: /var/lib/parlor/photos
            {{- end }}
            {{- range $folder, $_ := include "parlor.redisFiles" $root | fromJson }}
            - name: redis-{{ $folder }}
              mountPath: /etc/parlor-redis/{{ $folder }}
              readOnly: true
            {{- end }}
            {{- with $values.extraVolumeMounts }}
            {{- toYaml . | nindent 12 }}
            {{- end }}
        {{- with $values.extraContainers }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      volumes:
        - name: settings
          configMap:
            name: {{ include "parlor.fullname" $root }}-settings
        {{- if and $gateway (include "parlor.photosOnVolume" $root) }}
        - name: photos
          persistentVolumeClaim:
            claimName: {{ include "parlor.photosClaim" $root }}
        {{- end }}
        {{- range $folder, $secret := include "parlor.redisFiles" $root | fromJson }}
        - name: redis-{{ $folder }}
          secret:
            secretName: {{ $secret }}
        {{- end }}
        {{- with $values.extraVolumes }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
{{- end }}

{{/* The PodDisruptionBudget of a program: (list $ COMPONENT VALUES). */}}
{{- define "parlor.pdb" -}}
{{- $root := index . 0 }}
{{- $component := index . 1 }}
{{- $values := index . 2 }}
{{- if $values.pdb.enabled -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  {{- include "parlor.metadata" (list $root $component (printf "%s-%s" (include "parlor.fullname" $root) $component) (dict) (dict)) | nindent 2 }}
spec:
  {{- if not (kindIs "invalid" $values.pdb.minAvailable) }}
  minAvailable: {{ $values.pdb.minAvailable }}
  {{- else }}
  maxUnavailable: {{ $values.pdb.maxUnavailable }}
  {{- end }}
  # A pod that isn't ready serves nobody: it must not hold up the draining of its node.
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
      {{- include "parlor.selector" (list $root $component) | nindent 6 }}
{{- end }}
{{- end }}
