"""The payload of FUNCTION DUMP and RESTORE, for native code only: see ``function_payload.pxd``."""
