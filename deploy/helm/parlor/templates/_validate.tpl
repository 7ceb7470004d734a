{{/* What the schema can't see: values that are each right and wrong together. Every sentence begins with
     the key to look at. Included once, by settings.yaml. */}}

{{- define "parlor.validate" -}}
{{- $redis := .Values.redis }}
{{- $external := or $redis.external.url $redis.external.existingSecret.name }}
{{- if and $redis.bundled.enabled $external }}
{{- fail "redis.bundled.enabled: must be false when redis.external is set, or it is unclear which Redis is meant." }}
{{- end }}
{{- if not (or $redis.bundled.enabled $external) }}
{{- fail "redis.external.url: needed, or redis.external.existingSecret.name, when redis.bundled.enabled is false." }}
{{- end }}
{{- if and $redis.external.url $redis.external.existingSecret.name }}
{{- fail "redis.external.existingSecret.name: the URL is in redis.external.url already; set one of the two." }}
{{- end }}
{{- if and $redis.external.url (not (regexMatch "^((redis|valkey)s?|rediss?[+](cluster|sentinel))://[^[:space:]]+$" $redis.external.url)) }}
{{- fail "redis.external.url: must be as redis://host:6379, redis://user:password@host:6379, redis+cluster://host:6379,host:6379, redis+sentinel://host:26379,host:26379/name or, for TLS, with rediss." }}
{{- end }}
{{- if and $redis.external.passwordSecret.name (regexMatch "://[^@]*:[^@]*@" $redis.external.url) }}
{{- fail "redis.external.passwordSecret.name: not looked at when redis.external.url has a password; put the whole URL into a Secret and name it in redis.external.existingSecret." }}
{{- end }}
{{- if and $redis.external.username (contains "@" $redis.external.url) }}
{{- fail "redis.external.username: not looked at when redis.external.url has a user; set one of the two." }}
{{- end }}
{{- $sentinel := $redis.external.sentinel }}
{{- $watched := or $redis.external.existingSecret.name (regexMatch "^rediss?[+]sentinel://" $redis.external.url) }}
{{- if and $sentinel.passwordSecret.name (not $watched) }}
{{- fail "redis.external.sentinel.passwordSecret.name: of no use without sentinels; redis.external.url has to begin with redis+sentinel:// or rediss+sentinel://." }}
{{- end }}
{{- if and $sentinel.username (not $sentinel.passwordSecret.name) }}
{{- fail "redis.external.sentinel.username: needs redis.external.sentinel.passwordSecret." }}
{{- end }}
{{- $encrypted := or $redis.external.existingSecret.name (regexMatch "^((redis|valkey)s|rediss[+](cluster|sentinel))://" $redis.external.url) }}
{{- range $key := list "authoritySecret" "clientSecret" }}
{{- if and (get $redis.external.tls $key) (not $encrypted) }}
{{- fail (printf "redis.external.tls.%s: of no use without TLS; redis.external.url has to begin with rediss://." $key) }}
{{- end }}
{{- end }}
{{- if and $redis.external.passwordSecret.name $redis.bundled.enabled }}
{{- fail "redis.external.passwordSecret.name: of no use with redis.bundled.enabled; see redis.bundled.auth." }}
{{- end }}
{{- if and $redis.bundled.auth.password $redis.bundled.auth.existingSecret.name }}
{{- fail "redis.bundled.auth.password: the password is in redis.bundled.auth.existingSecret already; set one of the two." }}
{{- end }}
{{- if and $redis.bundled.enabled (gt (int (.Values.settings.ack_replicas | default 0)) 0) }}
{{- fail "settings.ack_replicas: the bundled Redis has no replica, so no message would ever be acknowledged." }}
{{- end }}

{{- with .Values.photos }}
{{- if and .enabled (eq .store "s3") (not .s3.url) }}
{{- fail "photos.s3.url: needed, as s3://bucket/photos, when photos.store is s3." }}
{{- end }}
{{- if and .s3.url (ne .store "s3") }}
{{- fail "photos.store: must be s3 when photos.s3.url is set, or it is unclear where photos are meant to be." }}
{{- end }}
{{- $single := not (has "ReadWriteMany" .pvc.accessModes) }}
{{- if and .enabled (eq .store "pvc") (not .pvc.existingClaim) $single }}
{{- fail "photos.pvc.accessModes: needs ReadWriteMany, as gateways on several nodes share the volume." }}
{{- end }}
{{- end }}

{{- if eq (int .Values.gateway.port) (int .Values.adminPort) }}
{{- fail "adminPort: must differ from gateway.port, or health and metrics would be public." }}
{{- end }}
{{- $sleep := int .Values.gateway.preStopSleepSeconds }}
{{- if and (gt $sleep 0) (semverCompare "<1.30.0-0" .Capabilities.KubeVersion.Version) }}
{{- fail (printf "gateway.preStopSleepSeconds: needs Kubernetes 1.30, and this is %s; use settings.drain_wait." .Capabilities.KubeVersion.Version) }}
{{- end }}
{{- $refresh := include "parlor.settingSeconds" (list . "refresh_interval" "20s") | int }}
{{- range $key, $default := dict "status_ttl" "60s" "session_ttl" "1h" }}
{{- if lt (include "parlor.settingSeconds" (list $ $key $default) | int) (mul 2 $refresh) }}
{{- fail (printf "settings.%s: must be at least twice settings.refresh_interval." $key) }}
{{- end }}
{{- end }}

{{- $auto := .Values.gateway.autoscaling }}
{{- if $auto.enabled }}
{{- if gt (int $auto.minReplicas) (int $auto.maxReplicas) }}
{{- fail "gateway.autoscaling.minReplicas: must not be above gateway.autoscaling.maxReplicas." }}
{{- end }}
{{- if not (or $auto.targetCPU $auto.targetMemory $auto.targetConnections) }}
{{- fail "gateway.autoscaling.targetCPU: autoscaling needs one of targetCPU, targetMemory and targetConnections." }}
{{- end }}
{{- range $key, $resource := dict "targetCPU" "cpu" "targetMemory" "memory" }}
{{- if and (get $auto $key) (not (dig "requests" $resource "" $.Values.gateway.resources)) }}
{{- fail (printf "gateway.autoscaling.%s: is in percent of gateway.resources.requests.%s, which is not set." $key $resource) }}
{{- end }}
{{- end }}
{{- $most := int (.Values.settings.connections_per_gateway | default 100000) }}
{{- if gt (int $auto.targetConnections) $most }}
{{- fail (printf "gateway.autoscaling.targetConnections: must not be above settings.connections_per_gateway (%d), at which gateways refuse people." $most) }}
{{- end }}
{{- end }}

{{- range $key, $component := dict "gateway" "gateway" "historyWorker" "history-worker" "presenceWorker" "presence-worker" }}
{{- $values := get $.Values $key }}
{{- $least := include "parlor.leastGrace" (list $ $component) | int }}
{{- if and $values.terminationGracePeriodSeconds (lt (int $values.terminationGracePeriodSeconds) $least) }}
{{- fail (printf "%s.terminationGracePeriodSeconds: %d is too short, ending takes up to %d s; leave it out to have it computed." $key (int $values.terminationGracePeriodSeconds) $least) }}
{{- end }}
{{- $zero := "^0%?$" }}
{{- if and (regexMatch $zero (toString $values.rollingUpdate.maxSurge)) (regexMatch $zero (toString $values.rollingUpdate.maxUnavailable)) }}
{{- fail (printf "%s.rollingUpdate.maxSurge: must be above 0 when maxUnavailable is 0, or no update could begin." $key) }}
{{- end }}
{{- if $values.pdb.enabled }}
{{- $least := $values.pdb.minAvailable }}
{{- $replicas := int $values.replicas }}
{{- if and (eq $key "gateway") $auto.enabled }}
{{- $replicas = int $auto.minReplicas }}
{{- end }}
{{- if or (eq (toString $least) "100%") (and (regexMatch "^[0-9]+$" (toString $least)) (ge (int $least) $replicas)) }}
{{- fail (printf "%s.pdb.minAvailable: %v of %d pods leaves none to evict, so nodes could never be drained." $key $least $replicas) }}
{{- end }}
{{- if and (kindIs "invalid" $least) (regexMatch $zero (toString $values.pdb.maxUnavailable)) }}
{{- fail (printf "%s.pdb.maxUnavailable: 0 lets no pod be evicted, so nodes could never be drained." $key) }}
{{- end }}
{{- end }}
{{- range $values.extraEnv }}
{{- if has .name (list "PARLOR_CONFIG" "ADMIN_ADDRESS" "SERVER_ADDRESS" "PORT" "REDIS_URL" "REDIS_HOST" "REDIS_ADDRESS" "REDIS_USERNAME" "REDIS_PASSWORD" "REDIS_SENTINEL_USERNAME" "REDIS_SENTINEL_PASSWORD" "REDIS_TLS_CA" "REDIS_TLS_CERT" "REDIS_TLS_KEY" "PHOTO_STORE") }}
{{- fail (printf "%s.extraEnv: %s is set by the chart." $key .name) }}
{{- end }}
{{- end }}
{{- range $values.extraVolumes }}
{{- if has .name (list "settings" "photos") }}
{{- fail (printf "%s.extraVolumes: the name %q is the chart's own." $key .name) }}
{{- end }}
{{- end }}
{{- end }}

{{- if and .Values.ingress.enabled (not .Values.ingress.hosts) }}
{{- fail "ingress.hosts: an Ingress needs a host, such as {host: chat.example.org, path: /}." }}
{{- end }}
{{- if and .Values.gatewayApi.enabled (not .Values.gatewayApi.parentRefs) }}
{{- fail "gatewayApi.parentRefs: an HTTPRoute needs the Gateway that it hangs on." }}
{{- end }}
{{- if and .Values.service.nodePort (eq .Values.service.type "ClusterIP") }}
{{- fail "service.nodePort: a ClusterIP has none; set service.type." }}
{{- end }}
{{- if and .Values.service.externalTrafficPolicy (eq .Values.service.type "ClusterIP") }}
{{- fail "service.externalTrafficPolicy: a ClusterIP has none; set service.type." }}
{{- end }}
{{- range $key := list "loadBalancerClass" "loadBalancerSourceRanges" }}
{{- if and (get $.Values.service $key) (ne $.Values.service.type "LoadBalancer") }}
{{- fail (printf "service.%s: is of a LoadBalancer; set service.type." $key) }}
{{- end }}
{{- end }}
{{- end }}
