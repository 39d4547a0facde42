"""What the library is asked and answers, as models; one module for each part."""
