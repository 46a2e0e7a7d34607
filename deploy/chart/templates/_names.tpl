{{/* Names, labels, references. */}}

{{- define "seed.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* Short enough for what is put behind it. */}}
{{- define "seed.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | replace "." "-" | trunc 40 | trimSuffix "-" -}}
{{- else if contains (include "seed.name" .) .Release.Name -}}
{{- .Release.Name | replace "." "-" | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "seed.name" .) | replace "." "-" | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* Takes {root, part}. */}}
{{- define "seed.selector" -}}
app.kubernetes.io/name: {{ include "seed.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .part }}
{{- end -}}

{{/* Takes {root, part}. */}}
{{- define "seed.labels" -}}
{{ include "seed.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "seed.image" -}}
{{- $image := .Values.image -}}
{{- if $image.digest -}}
{{ $image.repository }}@{{ $image.digest }}
{{- else -}}
{{ $image.repository }}:{{ default .Chart.AppVersion $image.tag }}
{{- end -}}
{{- end -}}

{{- define "seed.sandboxNamespace" -}}
{{- default .Release.Namespace .Values.sandboxes.namespace -}}
{{- end -}}

{{/* The ConfigMap that owns every sandbox: when it goes, they go. They carry its name as their installation. */}}
{{- define "seed.owner" -}}
{{ include "seed.fullname" . }}
{{- end -}}

{{/* Where runners and the test find the servers. */}}
{{- define "seed.serverUrl" -}}
{{- printf "http://%s-server.%s.svc:%d" (include "seed.fullname" .) .Release.Namespace (int .Values.server.service.port) -}}
{{- end -}}

{{/* Where a secret lies, as a secretKeyRef. Takes {root, key}. */}}
{{- define "seed.secretRef" -}}
{{- $ref := default dict (get .root.Values.secrets.refs .key) -}}
name: {{ default .root.Values.secrets.name $ref.name | quote }}
key: {{ default .key $ref.key | quote }}
{{- end -}}

{{/* Environment from secrets. Takes {root, keys, optional}. */}}
{{- define "seed.secretEnv" -}}
{{- range .keys }}
- name: {{ . }}
  valueFrom:
    secretKeyRef:
      {{- include "seed.secretRef" (dict "root" $.root "key" .) | nindent 6 }}
      {{- if $.optional }}
      optional: true
      {{- end }}
{{- end }}
{{- end -}}

{{/* The secrets that must be there for the database, with spaces between them. */}}
{{- define "seed.databaseKeys" -}}
DATABASE_URL{{ if .Values.database.directUrl }} SEED_DATABASE_DIRECT_URL{{ end }}
{{- end -}}

{{/* Those of a server. */}}
{{- define "seed.serverKeys" -}}
{{ include "seed.databaseKeys" . }} SEED_RUNNER_TOKEN SEED_SECRETS_KEY SEED_ADMIN_KEY
{{- if eq .Values.model.upstream "openrouter" }} OPENROUTER_API_KEY{{ end }}
{{- if eq .Values.files.store "s3" }} SEED_S3_ACCESS_KEY_ID SEED_S3_SECRET_ACCESS_KEY{{ end }}
{{- if .Values.metrics.enabled }} SEED_METRICS_TOKEN{{ end }}
{{- end -}}
