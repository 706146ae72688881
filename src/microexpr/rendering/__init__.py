"""Write rendered faces (`facs_faces`) as frames in the layouts of the data sets, and as recordings.

This package knows native layouts only through its own writers. Networks and licensed pictures do not come in here.

May import: core, coding, videos, datasets, facs_faces."""
