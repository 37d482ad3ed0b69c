/* SPDX-License-Identifier: MIT */
#include "vmx/vmcs_fields.h"

const struct vmcs_field_info vmcs_fields[VMCS_FIELD_COUNT] = {
#define VMCS_INFO(name, encoding) { #name, VMCS_##name },
	VMCS_FIELDS(VMCS_INFO)
#undef VMCS_INFO
};

const char *vmcs_field_name(enum vmcs_field field)
{
	for (size_t i = 0; i < ARRAY_SIZE(vmcs_fields); i++)
		if (vmcs_fields[i].encoding == field)
			return vmcs_fields[i].name;
	return "unknown field";
}
