def get_provider_info() -> dict[str, object]:
    return {"package-name": "salesmanago-sync", "name": "SALESmanago", "description": "x", "versions": ["0.1.0"]}
