"""A hospital's trauma information system: the small real application that the collection deploys in its lab."""
