; property: P27
; operation: div
; statement: (a . b) / b = a
; domain: normal operands, product in range, every policy
; mutant: the product may leave the range
; expected: precondition sat, statement unsat, mutant sat

(declare-const gradual Bool)
(declare-const saturate Bool)
(declare-const a Encoding)
(declare-const b Encoding)
(assert (and (is_encoding a) (is_encoding b)))
(assert (and (is_normal a) (is_normal b)))
(define-fun mul ((x Encoding) (y Encoding)) Encoding (pam gradual saturate 0 x y))
(define-fun quotient ((x Encoding) (y Encoding)) Encoding (pad gradual saturate 0 x y))

(echo "precondition")
(check-sat)

; In two steps: in range the product is the sum, and the statement holds where it is.
(define-fun product_is_sum () Bool (= (mag (mul a b)) (product_sum 0 a b)))
(push 1)
(assert (in_range (product_sum 0 a b)))
(assert (not product_is_sum))
(echo "statement")
(check-sat)
(pop 1)
(push 1)
(assert (in_range (product_sum 0 a b)))
(assert product_is_sum)
(assert (not (= (quotient (mul a b) b) a)))
(echo "statement")
(check-sat)
(pop 1)

(push 1)
(assert (= (mag a) (mag b) MAX))
(assert (not (= (quotient (mul a b) b) a)))
(echo "mutant")
(check-sat)
(pop 1)
