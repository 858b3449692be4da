; property: P10
; operation: mul
; statement: (2^k a) . b = 2^k (a . b)
; domain: normal operands, 2^k a normal, results in range, every policy and compensation
; mutant: 2^k is added to the exponent field twice
; expected: precondition sat, statement unsat, mutant sat

(declare-const k Int)
(declare-const gradual Bool)
(declare-const saturate Bool)
(declare-const c Int)
(assert (is_compensation c))
(declare-const a Encoding)
(declare-const b Encoding)
(assert (and (is_encoding a) (is_encoding b)))
(assert (and (is_normal a) (is_normal b)))
(define-fun mul ((x Encoding) (y Encoding)) Encoding (pam gradual saturate c x y))
; 2^k x for a normal x whose image is normal.
(define-fun scaled ((x Encoding)) Encoding (encoding (negative x) (+ (mag x) (* k MIN))))
(assert (and (<= MIN (+ (mag a) (* k MIN))) (<= (+ (mag a) (* k MIN)) MAX)))
(assert (and (in_range (product_sum c a b)) (in_range (+ (product_sum c a b) (* k MIN)))))

(echo "precondition")
(check-sat)

(push 1)
(assert (not (= (mul (scaled a) b) (scaled (mul a b)))))
(echo "statement")
(check-sat)
(pop 1)

(push 1)
(assert (not (= (mul (scaled a) b) (scaled (scaled (mul a b))))))
(echo "mutant")
(check-sat)
(pop 1)
