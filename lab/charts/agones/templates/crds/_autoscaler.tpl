{{- /* Sections of a FleetAutoscaler's policy. `more` names the kinds that hold other policies here. */}}
{{- define "agones.autoscalerPolicy" -}}
type:
  type: string
  enum: {{ concat (list "Buffer" "Webhook" "Counter" "List" "Wasm") .more | toJson }}
buffer:
  type: object
  nullable: true
  required: [maxReplicas]
  properties:
    bufferSize: {x-kubernetes-int-or-string: true}
    minReplicas: {type: integer, minimum: 0}
    maxReplicas: {type: integer, minimum: 1}
{{- range list "counter" "list" }}
{{ . }}:
  type: object
  nullable: true
  required: [key, bufferSize, maxCapacity]
  properties:
    key: {type: string}
    bufferSize: {x-kubernetes-int-or-string: true}
    minCapacity: {type: integer, minimum: 0}
    maxCapacity: {type: integer, minimum: 1}
{{- end }}
webhook:
  {{- include "agones.autoscalerUrl" . | nindent 2 }}
wasm:
  type: object
  nullable: true
  required: [from]
  properties:
    function: {type: string, default: scale}
    config: {type: object, additionalProperties: {type: string}}
    from:
      type: object
      required: [url]
      properties:
        url:
          {{- include "agones.autoscalerUrl" . | nindent 10 }}
    hash: {type: string, pattern: "^[a-fA-F0-9]{64}$"}
{{- if has "Schedule" .more }}
schedule:
  type: object
  nullable: true
  required: [policy]
  properties:
    between:
      type: object
      nullable: true
      properties:
        start: {type: string}
        end: {type: string}
    activePeriod:
      type: object
      nullable: true
      properties:
        timezone: {type: string}
        startCron: {type: string}
        duration: {type: string}
    policy:
      type: object
      required: [type]
      properties:
        {{- include "agones.autoscalerPolicy" (dict "more" list) | nindent 8 }}
{{- end }}
{{- if has "Chain" .more }}
chain:
  type: array
  nullable: true
  items:
    type: object
    required: [type]
    properties:
      id: {type: string}
      {{- include "agones.autoscalerPolicy" (dict "more" (list "Schedule")) | nindent 6 }}
{{- end }}
{{- end }}

{{- define "agones.autoscalerUrl" -}}
type: object
nullable: true
properties:
  url: {type: string}
  service:
    type: object
    required: [namespace, name]
    properties:
      namespace: {type: string}
      name: {type: string}
      path: {type: string}
      port: {type: integer}
  caBundle: {type: string, format: byte}
{{- end }}
