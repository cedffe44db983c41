"""Connector for the REST interface of the Infodienste (Zuständigkeitsfinder), first the Hessen-Finder."""
