"""HTTP: the server that answers with whichever version the decision log calls champion."""
