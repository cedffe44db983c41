"""Connector for the XZuFi objects the FIM portal hands out one by one."""
