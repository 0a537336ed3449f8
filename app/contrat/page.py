def page(d):
    return ""


POLITIQUE = {}
