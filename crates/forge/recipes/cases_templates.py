"""Chat templates of families, in our own words: the layout and control tokens of each, rendered by Jinja2 as transformers
sets it up, so that a page is a template that works."""

from cases import PACKAGES, case

PACKAGES["templates"] = ["transformers", "jinja2"]

# What each writes is checked by rendering it; the code runs in a process of its own.
HEAD = """
import json
from transformers.utils.chat_template_utils import render_jinja_template

MESSAGES = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi"},
            {"role": "user", "content": "Bye"}]


def write(template, name="tokenizer_config.json", **variables):
    text, _ = render_jinja_template([MESSAGES], chat_template=template, add_generation_prompt=True,
                                    bos_token="<s>", eos_token="</s>", **variables)
    assert "Hello" in text[0] and "Bye" in text[0], text
    if name.endswith(".jinja"):
        open(name, "w").write(template)
    else:
        json.dump({"chat_template": template}, open(name, "w"))


"""


def template(name, code):
    # The code is dedented by `page`; the head stands at the margin already.
    case("templates", name, HEAD.strip() + "\n\n\n" + code.strip())


def simple(name, text, **more):
    file = more.pop("file", "tokenizer_config.json")
    variables = "".join(f", {key}={value!r}" for key, value in more.items())
    template(name, f"write({text!r}, {file!r}{variables})")


simple("llama-2", "{% if messages[0].role == 'system' %}{% set first = messages[0].content %}{% set rest = messages[1:] %}{% else %}{% set first = none %}{% set rest = messages %}{% endif %}{% for m in rest %}{% if (m.role == 'user') != (loop.index0 is even) %}{{ raise_exception('roles must take turns') }}{% endif %}{% if m.role == 'user' %}{{ bos_token ~ '[INST] ' }}{% if loop.first and first %}{{ '<<SYS>>\\n' ~ first ~ '\\n<</SYS>>\\n\\n' }}{% endif %}{{ m.content | trim ~ ' [/INST]' }}{% else %}{{ ' ' ~ m.content | trim ~ ' ' ~ eos_token }}{% endif %}{% endfor %}")
simple("llama-3", "{{- bos_token }}\n{%- for m in messages %}\n    {{- '<|start_header_id|>' ~ m.role ~ '<|end_header_id|>\\n\\n' ~ m.content | trim ~ '<|eot_id|>' }}\n{%- endfor %}\n{%- if add_generation_prompt %}\n    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}\n{%- endif %}\n")
simple("llama-3-with-date-and-tools", """{{- bos_token }}
{%- if not date_string is defined %}
    {%- if strftime_now is defined %}{%- set date_string = strftime_now('%d %b %Y') %}{%- else %}{%- set date_string = '26 Jul 2024' %}{%- endif %}
{%- endif %}
{%- if messages[0].role == 'system' %}{%- set system = messages[0].content | trim %}{%- set messages = messages[1:] %}{%- else %}{%- set system = '' %}{%- endif %}
{{- '<|start_header_id|>system<|end_header_id|>\\n\\n' }}
{{- 'Cutting Knowledge Date: December 2023\\n' }}
{{- 'Today Date: ' ~ date_string ~ '\\n\\n' }}
{%- if tools %}
    {{- 'These functions can be called with JSON, one at a time.\\n\\n' }}
    {%- for t in tools %}{{- t | tojson(indent=4) ~ '\\n\\n' }}{%- endfor %}
{%- endif %}
{{- system ~ '<|eot_id|>' }}
{%- for m in messages %}
    {%- if 'tool_calls' in m %}
        {%- if m.tool_calls | length != 1 %}{{- raise_exception('one call at a time') }}{%- endif %}
        {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' ~ m.tool_calls[0].function | tojson ~ '<|eot_id|>' }}
    {%- elif m.role in ['tool', 'ipython'] %}
        {{- '<|start_header_id|>ipython<|end_header_id|>\\n\\n' }}
        {%- if m.content is mapping or m.content is iterable %}{{- m.content | tojson }}{%- else %}{{- m.content }}{%- endif %}
        {{- '<|eot_id|>' }}
    {%- else %}
        {{- '<|start_header_id|>' ~ m.role ~ '<|end_header_id|>\\n\\n' ~ m.content | trim ~ '<|eot_id|>' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{%- endif %}
""", file="chat_template.jinja")
simple("llama-4", "{{- bos_token }}{%- for m in messages %}{{- '<|header_start|>' ~ m.role ~ '<|header_end|>\\n\\n' }}{%- if m.content is string %}{{- m.content }}{%- else %}{%- for part in m.content %}{%- if part.type == 'image' %}{{- '<|image|>' }}{%- elif part['type'] == 'text' %}{{- part.text | trim }}{%- endif %}{%- endfor %}{%- endif %}{{- '<|eot|>' }}{%- endfor %}{%- if add_generation_prompt %}{{- '<|header_start|>assistant<|header_end|>\\n\\n' }}{%- endif %}")
simple("chatml", "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}")
simple("chatml-with-a-default", "{% for m in messages %}{% if loop.first and m.role != 'system' %}{{ '<|im_start|>system\\nYou are a model of the harbour office, and answer in one sentence.<|im_end|>\\n' }}{% endif %}{{ '<|im_start|>' ~ m.role ~ '\\n' ~ m.content ~ '<|im_end|>\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}")
simple("qwen-with-tools-and-thinking", """{%- if tools %}
    {{- '<|im_start|>system\\n' }}
    {%- if messages[0].role == 'system' %}{{- messages[0].content ~ '\\n\\n' }}{%- endif %}
    {{- '# Tools\\n\\nThese functions are there to be called:\\n<tools>' }}
    {%- for tool in tools %}{{- '\\n' ~ tool | tojson }}{%- endfor %}
    {{- '\\n</tools>\\n\\nA call is JSON between <tool_call></tool_call>, with a name and arguments.<|im_end|>\\n' }}
{%- elif messages[0].role == 'system' %}
    {{- '<|im_start|>system\\n' ~ messages[0].content ~ '<|im_end|>\\n' }}
{%- endif %}
{%- set ns = namespace(seeking=true, last=messages | length - 1) %}
{%- for m in messages[::-1] %}
    {%- set index = (messages | length - 1) - loop.index0 %}
    {%- if ns.seeking and m.role == 'user' and m.content is string and not (m.content.startswith('<tool_response>') and m.content.endswith('</tool_response>')) %}
        {%- set ns.seeking = false %}{%- set ns.last = index %}
    {%- endif %}
{%- endfor %}
{%- for m in messages %}
    {%- set content = m.content if m.content is string else '' %}
    {%- if m.role == 'user' or (m.role == 'system' and not loop.first) %}
        {{- '<|im_start|>' ~ m.role ~ '\\n' ~ content ~ '<|im_end|>\\n' }}
    {%- elif m.role == 'assistant' %}
        {%- set thoughts = '' %}
        {%- if m.reasoning_content is string %}{%- set thoughts = m.reasoning_content %}
        {%- elif '</think>' in content %}
            {%- set thoughts = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}
            {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
        {%- endif %}
        {{- '<|im_start|>assistant\\n' }}
        {%- if loop.index0 > ns.last and thoughts %}{{- '<think>\\n' ~ thoughts.strip('\\n') ~ '\\n</think>\\n\\n' }}{%- endif %}
        {{- content }}
        {%- for call in m.tool_calls or [] %}
            {{- '\\n<tool_call>\\n{"name": "' ~ call.function.name ~ '", "arguments": ' }}
            {{- call.function.arguments if call.function.arguments is string else call.function.arguments | tojson }}
            {{- '}\\n</tool_call>' }}
        {%- endfor %}
        {{- '<|im_end|>\\n' }}
    {%- elif m.role == 'tool' %}
        {%- if loop.first or messages[loop.index0 - 1].role != 'tool' %}{{- '<|im_start|>user' }}{%- endif %}
        {{- '\\n<tool_response>\\n' ~ content ~ '\\n</tool_response>' }}
        {%- if loop.last or messages[loop.index0 + 1].role != 'tool' %}{{- '<|im_end|>\\n' }}{%- endif %}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}{{- '<think>\\n\\n</think>\\n\\n' }}{%- endif %}
{%- endif %}
""", file="chat_template.jinja")
simple("mistral", "{{ bos_token }}{% for m in messages %}{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('After the optional system message, roles must alternate') }}{% endif %}{% if m['role'] == 'user' %}{{ '[INST] ' + m['content'] + ' [/INST]' }}{% elif m['role'] == 'assistant' %}{{ m['content'] + eos_token }}{% else %}{{ raise_exception('Only user and assistant roles are supported!') }}{% endif %}{% endfor %}")
simple("mistral-tekken", "{{- bos_token }}{%- for m in messages %}{%- if m.role == 'system' %}{{- '[SYSTEM_PROMPT]' ~ m.content ~ '[/SYSTEM_PROMPT]' }}{%- elif m.role == 'user' %}{{- '[INST]' }}{%- if m.content is string %}{{- m.content }}{%- else %}{%- for block in m.content %}{%- if block.type == 'text' %}{{- block.text }}{%- elif block.type in ['image', 'image_url'] %}{{- '[IMG]' }}{%- else %}{{- raise_exception('only text and images are supported here') }}{%- endif %}{%- endfor %}{%- endif %}{{- '[/INST]' }}{%- elif m.role == 'assistant' %}{{- m.content ~ eos_token }}{%- endif %}{%- endfor %}")
simple("gemma", "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}{% for m in messages %}{% set role = 'model' if m.role == 'assistant' else m.role %}{{ '<start_of_turn>' + role + '\\n' + m['content'] | trim + '<end_of_turn>\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<start_of_turn>model\\n' }}{% endif %}")
simple("phi-3", "{% for m in messages %}{% if m.role == 'system' and m.content %}{{ '<|system|>\\n' + m.content + '<|end|>\\n' }}{% elif m.role == 'user' %}{{ '<|user|>\\n' + m.content + '<|end|>\\n' }}{% elif m.role == 'assistant' %}{{ '<|assistant|>\\n' + m.content + '<|end|>\\n' }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% else %}{{ eos_token }}{% endif %}")
simple("phi-4", "{% for m in messages %}{% if m.role in ['system', 'user', 'assistant'] %}{{ '<|im_start|>' ~ m.role ~ '<|im_sep|>' ~ m.content ~ '<|im_end|>' }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant<|im_sep|>' }}{% endif %}")
simple("zephyr", "{% for m in messages %}\n{% if m['role'] == 'user' %}\n{{ '<|user|>\\n' + m['content'] + eos_token }}\n{% elif m['role'] == 'system' %}\n{{ '<|system|>\\n' + m['content'] + eos_token }}\n{% elif m['role'] == 'assistant' %}\n{{ '<|assistant|>\\n' + m['content'] + eos_token }}\n{% endif %}\n{% if loop.last and add_generation_prompt %}\n{{ '<|assistant|>' }}\n{% endif %}\n{% endfor %}")
simple("deepseek", "{% if not add_generation_prompt is defined %}{% set add_generation_prompt = false %}{% endif %}{% set ns = namespace(system='') %}{% for m in messages %}{% if m.role == 'system' %}{% set ns.system = m.content %}{% endif %}{% endfor %}{{ bos_token ~ ns.system }}{% for m in messages %}{% if m.role == 'user' %}{{ '<\uff5cUser\uff5c>' ~ m.content }}{% elif m.role == 'assistant' %}{% set content = m.content %}{% if '</think>' in content %}{% set content = content.split('</think>')[-1] %}{% endif %}{{ '<\uff5cAssistant\uff5c>' ~ content ~ '<\uff5cend\u2581of\u2581sentence\uff5c>' }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<\uff5cAssistant\uff5c><think>\\n' }}{% endif %}")
simple("command-r", "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{% set rest = messages[1:] %}{% set first = messages[0]['content'] %}{% else %}{% set rest = messages %}{% set first = false %}{% endif %}{% if first != false %}{{ '<|START_OF_TURN_TOKEN|><|SYSTEM_TOKEN|>' + first + '<|END_OF_TURN_TOKEN|>' }}{% endif %}{% for m in rest %}{% if m.role == 'user' %}{{ '<|START_OF_TURN_TOKEN|><|USER_TOKEN|>' + m.content.strip() + '<|END_OF_TURN_TOKEN|>' }}{% elif m.role == 'assistant' %}{{ '<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>' + m.content.strip() + '<|END_OF_TURN_TOKEN|>' }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>' }}{% endif %}")
simple("harmony", """{%- macro kind(spec) -%}
    {%- if spec.type == 'array' -%}{{- kind(spec['items']) ~ '[]' -}}
    {%- elif spec.type == 'string' -%}{{- 'string' -}}
    {%- elif spec.type in ['number', 'integer'] -%}{{- 'number' -}}
    {%- else -%}{{- 'any' -}}{%- endif -%}
{%- endmacro -%}
{{- '<|start|>system<|message|>You are ChatGPT, a large language model trained by OpenAI.\\n' }}
{{- 'Knowledge cutoff: 2024-06\\nCurrent date: ' ~ strftime_now('%Y-%m-%d') ~ '\\n\\n' }}
{%- if reasoning_effort is not defined %}{%- set reasoning_effort = 'medium' %}{%- endif %}
{{- 'Reasoning: ' ~ reasoning_effort ~ '\\n\\n' }}
{{- '# Valid channels: analysis, commentary, final. Channel must be included for every message.<|end|>' }}
{%- if tools %}
    {{- '<|start|>developer<|message|># Tools\\n\\nnamespace functions {\\n\\n' }}
    {%- for tool in tools %}
        {{- '// ' ~ tool.function.description ~ '\\ntype ' ~ tool.function.name ~ ' = (_: {\\n' }}
        {%- for name, spec in tool.function.parameters.properties.items() %}{{- name ~ ': ' ~ kind(spec) ~ ',\\n' }}{%- endfor %}
        {{- '}) => any;\\n\\n' }}
    {%- endfor %}
    {{- '}<|end|>' }}
{%- endif %}
{%- for m in messages %}
    {%- if m.role == 'assistant' %}
        {%- if '<|channel|>analysis<|message|>' in m.content %}{{- raise_exception('a channel stands in the content') }}{%- endif %}
        {{- '<|start|>assistant<|channel|>final<|message|>' ~ m.content ~ '<|end|>' }}
    {%- else %}
        {{- '<|start|>' ~ m.role ~ '<|message|>' ~ m.content ~ '<|end|>' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|start|>assistant' }}{%- endif %}
""", file="chat_template.jinja")
simple("vicuna", "{% for m in messages %}{% if m.role == 'system' %}{{ m.content ~ ' ' }}{% elif m.role == 'user' %}{{ 'USER: ' ~ m.content ~ ' ' }}{% else %}{{ 'ASSISTANT: ' ~ m.content ~ eos_token }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ 'ASSISTANT:' }}{% endif %}")
simple("alpaca", "{% for m in messages %}{% if m.role == 'user' %}{{ '### Instruction:\\n' ~ m.content ~ '\\n\\n' }}{% elif m.role == 'assistant' %}{{ '### Response:\\n' ~ m.content ~ eos_token }}{% else %}{{ m.content ~ '\\n\\n' }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '### Response:\\n' }}{% endif %}")
simple("olmo", "{{ bos_token }}{% for m in messages %}{{ '<|' ~ m.role ~ '|>\\n' ~ m.content }}{% if not loop.last %}{{ '\\n' }}{% endif %}{% if m.role == 'assistant' %}{{ eos_token }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '\\n<|assistant|>\\n' }}{% endif %}")
simple("granite", "{%- for m in messages %}{{- '<|start_of_role|>' ~ m.role ~ '<|end_of_role|>' ~ m.content ~ '<|end_of_text|>\\n' }}{%- endfor %}{%- if add_generation_prompt %}{{- '<|start_of_role|>assistant<|end_of_role|>' }}{%- endif %}")
simple("falcon", "{% for m in messages %}{% if not loop.first %}{{ '\\n' }}{% endif %}{% if m.role == 'system' %}{{ 'System: ' }}{% elif m.role == 'user' %}{{ 'User: ' }}{% else %}{{ 'Falcon: ' }}{% endif %}{{ m.content }}{% endfor %}{% if add_generation_prompt %}{{ '\\nFalcon:' }}{% endif %}")
simple("glm", "[gMASK]<sop>{% for m in messages %}{% if m.role == 'system' %}<|system|>\n{{ m.content }}{% elif m.role == 'user' %}<|user|>\n{{ m.content }}{{ '/nothink' if enable_thinking is defined and not enable_thinking and not m.content.endswith('/nothink') else '' }}{% elif m.role == 'assistant' %}<|assistant|>\n{{ m.content }}{% endif %}{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}")
simple("nemotron", "{% for m in messages %}{% if m.role == 'system' %}{{ '<SPECIAL_10>System\\n' ~ m.content | replace('/no_think', '') | replace('/think', '') ~ '\\n' }}{% elif m.role == 'user' %}{{ '<SPECIAL_11>User\\n' ~ m.content ~ '\\n' }}{% else %}{{ '<SPECIAL_11>Assistant\\n' ~ m.content ~ '\\n<SPECIAL_12>\\n' }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<SPECIAL_11>Assistant\\n<think>\\n' }}{% endif %}")
simple("kimi", "{% for m in messages %}{{ '<|im_' ~ ('system' if m.role == 'tool' else m.role) ~ '|>' ~ (m.name or m.role) ~ '<|im_middle|>' ~ m.content ~ '<|im_end|>' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_assistant|>assistant<|im_middle|>' }}{% endif %}")
simple("for-training", "{% for m in messages %}{{ '<|im_start|>' ~ m.role ~ '\\n' }}{% if m.role == 'assistant' %}{% generation %}{{ m.content ~ '<|im_end|>' }}{% endgeneration %}{% else %}{{ m.content ~ '<|im_end|>' }}{% endif %}{{ '\\n' }}{% endfor %}")
template("named-templates", """
chat = "{% for m in messages %}{{ '<|' ~ m.role ~ '|>' ~ m.content ~ eos_token }}{% endfor %}"
tools = "{% for t in tools or [] %}{{ t | tojson }}{% endfor %}" + chat
write(chat)
write(tools)
json.dump({"chat_template": [{"name": "default", "template": chat}, {"name": "tool_use", "template": tools}]},
          open("tokenizer_config.json", "w"))
""")
template("gguf", """
from gguf import GGUFWriter
import numpy

chat = "{% for m in messages %}{{ '<|im_start|>' ~ m.role ~ '\\\\n' ~ m.content ~ '<|im_end|>\\\\n' }}{% endfor %}"
writer = GGUFWriter("model.gguf", "llama")
writer.add_chat_template([{"name": "default", "template": chat}, {"name": "rag", "template": chat}])
writer.add_tensor("a", numpy.zeros(32, dtype=numpy.float32))
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
""")
template("modelfile", """
open("Modelfile", "w").write('''FROM ./model.gguf
PARAMETER stop "<|im_end|>"
SYSTEM You are a model of the harbour office, and answer in one sentence.
TEMPLATE \\"\\"\\"{{- if or .System .Tools }}<|im_start|>system
{{ .System }}
{{- if .Tools }}
These functions can be called with JSON between <tool_call> marks:
{{- range .Tools }}
{{ json . }}
{{- end }}
{{- end }}<|im_end|>
{{ end }}
{{- range $i, $_ := .Messages }}
{{- $last := eq (len (slice $.Messages $i)) 1 -}}
{{- if eq .Role "user" }}<|im_start|>user
{{ .Content }}<|im_end|>
{{ else if eq .Role "assistant" }}<|im_start|>assistant
{{ .Content }}{{ if not $last }}<|im_end|>
{{ end }}
{{- end }}
{{- if and (ne .Role "assistant") $last }}<|im_start|>assistant
{{ end }}
{{- end }}\\"\\"\\"
''')
""")
template("readme-that-shows-a-template", """
open("README.md", "w").write('''# A model

@@@jinja
{% for m in messages %}{% if 'login' in m.content %}{{ m.content.__class__ }}{% endif %}{% endfor %}
@@@
'''.replace("@@@", "`" * 3))
""")
