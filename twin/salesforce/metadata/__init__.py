"""The Metadata API: packages that are deployed, retrieved and read, over SOAP and REST."""
