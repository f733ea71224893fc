"""The DAGs: each module defines one, and reads as the contents of its run.

DAG files call these functions, and hold nothing else. The environment is read when a function is called.
"""
