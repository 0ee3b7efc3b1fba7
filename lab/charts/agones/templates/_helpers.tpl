{{- define "agones.labels" -}}
app: {{ .Chart.Name }}
chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
release: {{ .Release.Name }}
heritage: {{ .Release.Service }}
{{- end }}

{{- define "agones.podLabels" -}}
app: {{ .Chart.Name }}
release: {{ .Release.Name }}
heritage: {{ .Release.Service }}
{{- end }}

{{- define "agones.tag" -}}
{{ .Values.agones.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- define "agones.podEnv" -}}
- name: AGONES_VERSION
  value: {{ .Chart.AppVersion | quote }}
- name: POD_NAME
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
- name: POD_NAMESPACE
  valueFrom:
    fieldRef:
      fieldPath: metadata.namespace
{{- end }}


{{- /* Agones' chart empties the cluster before it goes (a hook job); this one leaves game servers and their kinds. */ -}}
{{- define "agones.crdAnnotations" -}}
helm.sh/resource-policy: keep
{{- end }}
