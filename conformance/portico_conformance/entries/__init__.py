"""What servers, Lambda and workerd load: the application behind each adapter, a module for each."""
