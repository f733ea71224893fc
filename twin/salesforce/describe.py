"""Describe answers: the key set and the values a real org gives for an object and its fields."""

from __future__ import annotations

import base64
from functools import cache
from typing import Any

from twin.salesforce import countries, ids
from twin.salesforce.schema import LISTS, NUMBERS, Field, SObject

SOAP_TYPES = {
    "id": "tns:ID",
    "reference": "tns:ID",
    "boolean": "xsd:boolean",
    "int": "xsd:int",
    "double": "xsd:double",
    "currency": "xsd:double",
    "percent": "xsd:double",
    "date": "xsd:date",
    "datetime": "xsd:dateTime",
    "address": "urn:address",
}
EXTRA_TYPES = {"textarea": "plaintextarea"}
TEXTUAL = frozenset({"string", "email", "phone", "url", "picklist", "combobox", "textarea"})


def describe_field(field: Field) -> dict[str, Any]:
    """Return one entry of `fields`."""
    plain = field.filterable and field.type not in {"multipicklist", "textarea"}
    return {
        "aggregatable": plain and field.type != "boolean",
        "aiPredictionField": False,
        "autoNumber": False,
        "byteLength": field.length if field.type in {"id", "reference"} else field.length * 3,
        "calculated": field.calculated,
        "calculatedFormula": None,
        "cascadeDelete": False,
        "caseSensitive": field.case_sensitive,
        "compoundFieldName": _compound(field),
        "controllerName": _controller(field),
        "createable": field.writable,
        "custom": field.custom,
        "defaultValue": _default(field),
        "defaultValueFormula": None,
        "defaultedOnCreate": field.defaulted or field.type == "boolean",
        "dependentPicklist": _controller(field) is not None,
        "deprecatedAndHidden": False,
        "digits": field.digits,
        "displayLocationInDecimal": False,
        "encrypted": False,
        "externalId": field.external_id,
        "extraTypeInfo": EXTRA_TYPES.get(field.type),
        "filterable": field.filterable,
        "filteredLookupInfo": None,
        "formulaTreatNullNumberAsZero": False,
        "groupable": plain and field.type not in NUMBERS - {"int"} and field.type != "datetime",
        "highScaleNumber": False,
        "htmlFormatted": False,
        "idLookup": field.id_lookup or field.type == "id",
        "inlineHelpText": field.help,
        "label": field.label,
        "length": field.length or (18 if field.type in {"id", "reference"} else 0),
        "mask": None,
        "maskType": None,
        "name": field.name,
        "nameField": field.name_field,
        "namePointing": len(field.refer) > 1,
        "nillable": field.nillable,
        "permissionable": field.writable and not field.required,
        "picklistValues": [_choice(field, value) for value in field.picklist] or _places(field),
        "polymorphicForeignKey": len(field.refer) > 1,
        "precision": field.precision,
        "queryByDistance": field.type == "address",
        "referenceTargetField": None,
        "referenceTo": list(field.refer),
        "relationshipName": field.relationship,
        "relationshipOrder": None,
        "restrictedDelete": False,
        "restrictedPicklist": field.restricted,
        "scale": field.scale,
        "searchPrefilterable": False,
        "soapType": SOAP_TYPES.get(field.type, "xsd:string"),
        "sortable": plain,
        "type": field.type,
        "unique": field.unique,
        "updateable": field.writable,
        "writeRequiresMasterRead": False,
    }


def _compound(field: Field) -> str | None:
    return "Name" if field.name in {"FirstName", "LastName", "Salutation"} else field.compound


def _default(field: Field) -> Any:
    return bool(field.default) if field.type == "boolean" else None


def _places(field: Field) -> list[dict[str, Any]]:
    """Return the choices of a country's or a state's code; those of states depend on the country."""
    if not field.codes:
        return []
    if _controller(field) is None:
        return [{**_choice(field, code), "label": name} for code, name in countries.countries().items()]
    return [
        {**_choice(field, code), "label": name, "validFor": _valid_for(country)}
        for country in countries.WITH_STATES
        for code, name in countries.states(country).items()
    ]


def _controller(field: Field) -> str | None:
    """Return the field whose value decides what may be chosen."""
    controlled = field.codes and field.name.endswith("StateCode")
    return field.name.replace("StateCode", "CountryCode") if controlled else None


@cache
def _valid_for(country: str) -> str:
    """Return the bits of the countries, the first one highest, of which one is set."""
    listed = list(countries.countries())
    bits = bytearray(-(-len(listed) // 8))
    place = listed.index(country)
    bits[place // 8] = 0x80 >> place % 8
    return base64.b64encode(bits).decode()


def _choice(field: Field, value: str) -> dict[str, Any]:
    return {"active": True, "defaultValue": value == field.default, "label": value, "validFor": None, "value": value}


def describe_global(sobject: SObject, base: str) -> dict[str, Any]:
    """Return one entry of the list of all objects."""
    row = f"{base}/sobjects/{sobject.name}"
    change = not sobject.fixed and sobject.setting is None
    return {
        "activateable": False,
        "associateEntityType": None,
        "associateParentEntity": None,
        "createable": not sobject.fixed,
        "custom": sobject.name.endswith("__c"),
        "customSetting": sobject.setting is not None,
        "deepCloneable": False,
        "deletable": not sobject.fixed,
        "deprecatedAndHidden": False,
        "feedEnabled": change,
        "hasSubtypes": sobject.name == "Account",
        "isInterface": False,
        "isSubtype": False,
        "keyPrefix": sobject.prefix,
        "label": sobject.label,
        "labelPlural": sobject.plural,
        "layoutable": change,
        "mergeable": change,
        "mruEnabled": change,
        "name": sobject.name,
        "queryable": True,
        "replicateable": change or sobject.name == "User",
        "retrieveable": True,
        "searchable": change,
        "triggerable": change,
        "undeletable": change,
        "updateable": not sobject.fixed,
        "urls": {
            "rowTemplate": f"{row}/{{ID}}",
            "describe": f"{row}/describe",
            "sobject": row,
        },
    }


def describe_object(sobject: SObject, base: str, record_types: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the whole describe of one object; `record_types` are the rows of RecordType that belong to it."""
    short = describe_global(sobject, base)
    urls = {
        "compactLayouts": f"{short['urls']['sobject']}/describe/compactLayouts",
        "approvalLayouts": f"{short['urls']['sobject']}/describe/approvalLayouts",
        "layouts": f"{short['urls']['sobject']}/describe/layouts",
    }
    return {
        **short,
        "actionOverrides": [],
        "childRelationships": _children(sobject),
        "compactLayoutable": not sobject.fixed,
        "defaultImplementation": None,
        "extendedBy": None,
        "extendsInterfaces": None,
        "fields": [describe_field(field) for field in sobject.fields.values()],
        "implementedBy": None,
        "implementsInterfaces": None,
        "listviewable": None,
        "lookupLayoutable": None,
        "namedLayoutInfos": [],
        "networkScopeFieldName": None,
        "recordTypeInfos": _record_types(short["urls"]["sobject"], record_types),
        "searchLayoutable": not sobject.fixed,
        "sobjectDescribeOption": "FULL",
        "supportedScopes": [{"label": f"All {sobject.plural.lower()}", "name": "everything"}],
        "urls": short["urls"] | urls,
    }


def _children(sobject: SObject) -> list[dict[str, Any]]:
    if sobject.name != "Account":
        return []
    return [
        {
            "cascadeDelete": True,
            "childSObject": "Contact",
            "deprecatedAndHidden": False,
            "field": "AccountId",
            "junctionIdListNames": [],
            "junctionReferenceTo": [],
            "relationshipName": "Contacts",
            "restrictedDelete": False,
        }
    ]


def _record_types(row: str, record_types: list[dict[str, Any]]) -> list[dict[str, Any]]:
    master = {"Name": "Master", "DeveloperName": "Master", "Id": ids.MASTER_RECORD_TYPE, "IsActive": True}
    rows = [*record_types, master]
    return [
        {
            "active": bool(one["IsActive"]),
            "available": bool(one["IsActive"]),
            "defaultRecordTypeMapping": place == 0,
            "developerName": one["DeveloperName"],
            "master": one["Id"] == ids.MASTER_RECORD_TYPE,
            "name": one["Name"],
            "recordTypeId": one["Id"],
            "urls": {"layout": f"{row}/describe/layouts/{one['Id']}"},
        }
        for place, one in enumerate(rows)
    ]


def column_metadata(field: Field, name: str) -> dict[str, Any]:
    """Return what `query?columns=true` says of one selected column."""
    return {
        "aggregate": False,
        "apexType": {"id": "Id", "reference": "Id", "boolean": "Boolean", "datetime": "Datetime"}.get(
            field.type, "Decimal" if field.type in NUMBERS else "String"
        ),
        "booleanType": field.type == "boolean",
        "columnName": name,
        "custom": field.custom,
        "displayName": name,
        "foreignKeyName": None,
        "insertable": field.writable,
        "joinColumns": [],
        "numberType": field.type in NUMBERS,
        "textType": field.type in TEXTUAL | LISTS | {"id", "reference"},
        "updatable": field.writable,
    }
