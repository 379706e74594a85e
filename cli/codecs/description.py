"""Descriptions in which programs store the shape of an array."""


def about_shape(description: object) -> str:
    """Return the kind of a description that holds an array's shape, or "" for other texts.

    Programs that read it would take the pooled file for one of the old shape.
    """
    text = description.decode("utf-8", "replace") if isinstance(description, bytes) else description
    text = str(text or "").lstrip()
    if text.startswith("ImageJ="):
        return "ImageJ's description"
    if text.startswith("<") and "<OME" in text[:1000] and "openmicroscopy.org" in text[:2000]:
        return "OME-XML"
    if text.startswith("shape=("):
        return "tifffile's shape"
    if not text.startswith("{"):
        return ""
    import json

    try:
        found = json.loads(text)
    except ValueError:
        found = None
    return "tifffile's shape" if isinstance(found, dict) and "shape" in found else ""
