from django.forms.renderers import TemplatesSetting


class FormRenderer(TemplatesSetting):
    """Forms as `templates/forms/` draws them: errors summed up at the top, label above, help below, errors beside."""

    form_template_name = "forms/form.html"
    field_template_name = "forms/field.html"
